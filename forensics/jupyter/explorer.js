// The page's side of the heap explorer. Every text goes in as text (textContent), so that a
// class called <script> is a name. Rows are fetched when a node is opened, never before.

const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"];
const COLOURS = ["#0072b2", "#b35900", "#007a5a", "#a0457f", "#8a6d00", "#3b6ea5", "#6b4fa0"];
const SMALLEST_LABEL = 0.05;

function size(bytes) {
  let power = 0;
  while (bytes >= 1024 && power < UNITS.length - 1) {
    bytes /= 1024;
    power += 1;
  }
  const digits = power === 0 || bytes >= 100 ? 0 : bytes >= 10 ? 1 : 2;
  return `${bytes.toLocaleString("en", {minimumFractionDigits: digits, maximumFractionDigits: digits})} ${UNITS[power]}`;
}

function percent(share) {
  return `${(100 * share).toPrecision(share >= 0.1 ? 3 : 2)} %`;
}

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function short(label) {
  return label.replace(/^(class )?(?:[\w$]+\.)+/, "$1");
}

function packageOf(label) {
  return (/^(?:class )?((?:[\w$]+\.)+)/.exec(label)?.[1] ?? "").slice(0, -1);
}

/** Ask the kernel; the answer with the same number resolves. */
function conversation(model) {
  const waiting = new Map();
  let last = 0;
  const hear = (answer) => {
    const [resolve, reject] = waiting.get(answer.number) ?? [];
    if (!resolve) return;
    waiting.delete(answer.number);
    if (answer.error) reject(new Error(answer.error));
    else resolve(answer);
  };
  model.on("msg:custom", hear);
  const ask = (question) =>
    new Promise((resolve, reject) => {
      last += 1;
      waiting.set(last, [resolve, reject]);
      model.send({...question, number: last});
    });
  return {ask, end: () => model.off("msg:custom", hear)};
}

/** The dominator tree: an ARIA tree with one focusable item at a time. */
class Tree {
  constructor(ask, onChoose) {
    this.ask = ask;
    this.onChoose = onChoose;
    this.sort = "retained";
    this.element = make("ul", {role: "tree", "aria-label": "dominator tree", class: "fx-tree"});
    this.element.addEventListener("keydown", (event) => this.onKey(event));
    this.element.addEventListener("click", (event) => this.onClick(event));
  }

  async showTop(page) {
    this.element.replaceChildren();
    this.fill(this.element, -1, page ?? (await this.load(-1, 0)), 1);
    this.element.querySelector("[role=treeitem]")?.setAttribute("tabindex", "0");
  }

  load(of, offset) {
    return this.ask({ask: "children", of, offset, sort: this.sort});
  }

  fill(list, of, page, level) {
    for (const row of page.rows) {
      if (!list.querySelector(`:scope > [data-index="${row.index}"]`)) {
        list.append(this.item(row, level));
      }
    }
    const shown = page.offset + page.rows.length;
    if (shown < page.total) {
      const more = make("li", {role: "treeitem", tabindex: "-1", class: "fx-more", "aria-level": level});
      more.textContent = `${(page.total - shown).toLocaleString("en")} more`;
      more.fetchMore = async () => {
        const next = await this.load(of, shown);
        const isFocused = more === document.activeElement;
        more.remove();
        this.fill(list, of, next, level);
        if (isFocused) this.focus(list.children[shown] ?? list.lastElementChild);
      };
      list.append(more);
    }
  }

  item(row, level) {
    const bar = make("span", {class: "fx-bar", "aria-hidden": "true"});
    bar.style.setProperty("--share", `${100 * Math.min(1, row.share)}%`);
    const home = make("span", {class: "fx-package"});
    home.textContent = packageOf(row.label);
    const name = make("span", {class: "fx-name", title: row.label}, `${short(row.label)} `, home);
    const sizes = make("span", {class: "fx-size", title: `${row.retained_bytes.toLocaleString("en")} bytes`});
    sizes.textContent = `${size(row.retained_bytes)}  ${percent(row.share)}`;
    const own = make("span", {class: "fx-own"});
    own.textContent = size(row.shallow_bytes);
    const twisty = make("span", {class: "fx-twisty", "aria-hidden": "true"});
    const line = make("div", {class: "fx-line"}, twisty, name, bar, sizes, own);
    line.style.paddingLeft = `${0.3 + 1.1 * (level - 1)}em`;
    const item = make(
      "li",
      {role: "treeitem", tabindex: "-1", "aria-level": level, "data-index": row.index, "aria-selected": "false"},
      line,
    );
    if (row.children > 0) item.setAttribute("aria-expanded", "false");
    item.setAttribute("aria-label", `${row.label}, retains ${size(row.retained_bytes)}, ${percent(row.share)}`);
    return item;
  }

  async open(item) {
    if (item.getAttribute("aria-expanded") !== "false") return;
    item.setAttribute("aria-expanded", "true");
    if (!item.querySelector(":scope > ul")) {
      const list = make("ul", {role: "group"});
      item.append(list);
      const of = Number(item.dataset.index);
      this.fill(list, of, await this.load(of, 0), Number(item.getAttribute("aria-level")) + 1);
    }
  }

  close(item) {
    if (item.getAttribute("aria-expanded") === "true") item.setAttribute("aria-expanded", "false");
  }

  focus(item) {
    if (!item) return;
    this.element.querySelector('[tabindex="0"]')?.setAttribute("tabindex", "-1");
    item.setAttribute("tabindex", "0");
    item.focus({preventScroll: true});
    item.scrollIntoView({block: "nearest"});
  }

  choose(item) {
    if (item.fetchMore) {
      item.fetchMore();
      return;
    }
    this.element.querySelector('[aria-selected="true"]')?.setAttribute("aria-selected", "false");
    item.setAttribute("aria-selected", "true");
    this.onChoose(Number(item.dataset.index));
  }

  visible() {
    return [...this.element.querySelectorAll("[role=treeitem]")].filter(
      (item) => !item.parentElement.closest('[aria-expanded="false"]'),
    );
  }

  onClick(event) {
    const item = event.target.closest("[role=treeitem]");
    if (!item) return;
    this.focus(item);
    if (event.target.closest(".fx-twisty")) this.toggle(item);
    else this.choose(item);
  }

  toggle(item) {
    if (item.getAttribute("aria-expanded") === "true") this.close(item);
    else this.open(item);
  }

  onKey(event) {
    const item = event.target.closest("[role=treeitem]");
    if (!item || event.ctrlKey || event.metaKey || event.altKey) return;
    const items = this.visible();
    const at = items.indexOf(item);
    const isOpen = item.getAttribute("aria-expanded") === "true";
    const moves = {
      ArrowDown: () => this.focus(items[at + 1]),
      ArrowUp: () => this.focus(items[at - 1]),
      Home: () => this.focus(items[0]),
      End: () => this.focus(items[items.length - 1]),
      ArrowRight: () => (isOpen ? this.focus(item.querySelector("ul > [role=treeitem]")) : this.open(item)),
      ArrowLeft: () => (isOpen ? this.close(item) : this.focus(item.parentElement.closest("[role=treeitem]"))),
      Enter: () => this.choose(item),
      " ": () => this.choose(item),
    };
    if (!moves[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    moves[event.key]();
  }

  /** Open the chain of dominators down to an object and put the focus there. */
  async reveal(index) {
    const {rows, is_whole: isWhole} = await this.ask({ask: "reveal", of: index});
    if (!isWhole) this.element.replaceChildren();
    let list = this.element;
    let item = null;
    for (const [depth, row] of rows.entries()) {
      item = list.querySelector(`:scope > [data-index="${row.index}"]`);
      if (!item) {
        item = this.item(row, depth + 1);
        list.prepend(item);
      }
      if (depth + 1 < rows.length) {
        await this.open(item);
        list = item.querySelector(":scope > ul");
      }
    }
    this.focus(item);
    this.choose(item);
  }
}

/** What is known of one object: path from a GC root, fields. */
function drawObject(panel, answer, jump) {
  const heading = make("h4");
  heading.textContent = `${answer.row.label}  ${answer.row.address}`;
  const facts = make("p");
  facts.textContent =
    `#${answer.row.index}: retains ${size(answer.row.retained_bytes)} (${percent(answer.row.share)}), ` +
    `own size ${size(answer.row.shallow_bytes)}, dominates ${answer.row.children.toLocaleString("en")}`;
  panel.replaceChildren(heading, facts);
  if (answer.text !== null) {
    const text = make("p", {class: "fx-text"});
    text.textContent = `"${answer.text}"`;
    panel.append(text);
  }
  const why = make("h5");
  why.textContent = answer.path.length ? `held by ${answer.root}` : "no GC root leads to it";
  const path = make("ol", {class: "fx-path"});
  for (const step of answer.path) {
    path.append(make("li", {}, link(step.label, step.index, jump), step.field && `.${step.field}`));
  }
  panel.append(why, path);
  if (!answer.fields.length) return;
  const title = make("h5");
  title.textContent = answer.more_fields ? `fields (${answer.more_fields} more)` : "fields";
  const table = make("table", {class: "fx-fields"});
  for (const field of answer.fields) {
    const [name, value] = [make("th", {scope: "row"}), make("td")];
    name.textContent = field.name;
    if (field.index === null) value.textContent = field.value;
    else value.append(link(field.value, field.index, jump));
    table.append(make("tr", {}, name, value));
  }
  panel.append(title, table);
}

function link(text, index, jump) {
  const button = make("button", {type: "button", class: "fx-link"});
  button.textContent = text;
  button.addEventListener("click", () => jump(index));
  return button;
}

/** Boxes in fractions of the picture: a treemap or an icicle. */
function drawBoxes(panel, boxes, height, onOpen) {
  const picture = make("div", {class: "fx-boxes"});
  picture.style.aspectRatio = `1 / ${height}`;
  for (const [number, box] of boxes.entries()) {
    const cell = make("button", {type: "button", class: "fx-box"});
    const [x, y, width, tall] = box.box;
    Object.assign(cell.style, {
      left: `${100 * x}%`,
      top: `${(100 * y) / height}%`,
      width: `${100 * width}%`,
      height: `${(100 * tall) / height}%`,
      background: box.index === null ? "#5f6670" : COLOURS[(box.level ?? number) % COLOURS.length],
    });
    const text = `${short(box.label)} ${size(box.retained_bytes)}`;
    cell.title = `${box.label}: ${size(box.retained_bytes)}`;
    cell.setAttribute("aria-label", cell.title);
    if (width > SMALLEST_LABEL && tall > 0.02) cell.textContent = text;
    if (box.index === null) cell.disabled = true;
    else cell.addEventListener("click", () => onOpen(box.index));
    picture.append(cell);
  }
  panel.replaceChildren(picture);
}

function drawResults(panel, answer, jump) {
  const count = make("p");
  count.textContent = answer.total
    ? `${answer.total.toLocaleString("en")} objects, the largest ${answer.rows.length}`
    : "nothing found; give a part of a class name, an address 0x..., or an ordinal #7";
  const list = make("ol", {class: "fx-results"});
  for (const row of answer.rows) {
    list.append(
      make("li", {}, link(row.label, row.index, jump), ` ${size(row.retained_bytes)} ${row.address}`),
    );
  }
  panel.replaceChildren(count, list);
}

function drawClasses(panel, answer) {
  const table = make("table", {class: "fx-fields"});
  for (const row of answer.rows) {
    const cells = [row.class, row.instances.toLocaleString("en"), size(row.retained_bytes)];
    table.append(
      make("tr", {}, ...cells.map((text) => { const cell = make("td"); cell.textContent = text; return cell; })),
    );
  }
  panel.replaceChildren(table);
}

function render({model, el}) {
  const {ask, end} = conversation(model);
  const side = make("div", {class: "fx-side", "aria-live": "polite"});
  const main = make("div", {class: "fx-main"});
  const say = (error) => { side.textContent = error.message; };
  const tree = new Tree(ask, (index) => {
    model.set("selected", index);
    model.save_changes();
    state.chosen = index;
    ask({ask: "object", of: index}).then((answer) => drawObject(side, answer, jump), say);
  });
  const state = {view: "tree", chosen: -1};

  async function jump(index) {
    await show("tree");
    await tree.reveal(index).catch(say);
  }

  const drawings = {
    tree: async () => main.replaceChildren(tree.element),
    treemap: async () => {
      const answer = await ask({ask: "treemap", of: state.chosen});
      drawBoxes(main, answer.boxes, 0.5, (index) => open(index));
    },
    icicle: async () => {
      const answer = await ask({ask: "icicle", of: state.chosen});
      const tall = 0.06;
      const boxes = answer.cells.map((c) => ({...c, box: [c.start, c.level * tall, c.width, tall]}));
      drawBoxes(main, boxes, Math.max(answer.levels, 1) * tall, (index) => open(index));
    },
    classes: async () => drawClasses(main, await ask({ask: "classes", of: state.chosen})),
  };

  async function open(index) {
    state.chosen = index;
    ask({ask: "object", of: index}).then((answer) => drawObject(side, answer, jump), say);
    await show(state.view);
  }

  async function show(view) {
    state.view = view;
    for (const tab of tabs.children) tab.setAttribute("aria-pressed", String(tab.dataset.view === view));
    await drawings[view]().catch(say);
  }

  const search = make("input", {
    type: "search", placeholder: "class, 0xaddress or #ordinal", "aria-label": "search objects", class: "fx-search",
  });
  search.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Enter") {
      ask({ask: "search", text: search.value}).then((answer) => drawResults(side, answer, jump), say);
    }
  });
  const sort = make("select", {"aria-label": "sort by"});
  for (const [value, text] of [["retained", "retained size"], ["shallow", "own size"], ["class", "class"]]) {
    const option = make("option", {value});
    option.textContent = text;
    sort.append(option);
  }
  sort.addEventListener("change", () => {
    tree.sort = sort.value;
    tree.showTop().catch(say);
  });
  const tabs = make("span", {class: "fx-tabs", role: "group", "aria-label": "view"});
  for (const view of Object.keys(drawings)) {
    const tab = make("button", {type: "button", "data-view": view, "aria-pressed": String(view === "tree")});
    tab.textContent = view;
    tab.addEventListener("click", () => show(view));
    tabs.append(tab);
  }
  const top = make("button", {type: "button"});
  top.textContent = "whole heap";
  top.addEventListener("click", () => { state.chosen = -1; show(state.view); });
  const title = make("strong");
  title.textContent = model.get("title");
  const bar = make("div", {class: "fx-toolbar"}, title, search, sort, tabs, top);
  const body = make("div", {class: "fx-body"}, main, side);
  side.textContent = "Choose an object: arrows move, right opens, Enter shows its fields and who holds it.";
  const root = make("div", {class: "forensics-heap"}, bar, body);
  el.append(root);
  tree.showTop(model.get("first"));
  show("tree");
  return end;
}

export default {render};
