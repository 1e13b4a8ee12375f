"""Logs of invented programs with known statements: what the miner must find again.

Each style is a list of format strings; the format string is the truth. The styles differ
in what makes mining hard: words as values, optional parts, lists, ``key=value``, objects
that print themselves, sentences that differ in one constant.
"""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable

WORDS = [
    *("alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india"),
    *("juliet", "kilo", "lima", "mike", "november", "oscar", "papa", "quebec", "romeo"),
    *("sierra", "tango", "uniform", "victor", "whiskey", "xray", "yankee", "zulu"),
]
USERS = ["root", "admin", "guest", "oracle", "git", "nagios", "postgres", "bob", "alice", "eve"]
PACKAGES = [
    f"com.{a}.{b}" for a in ("acme", "vendor", "system") for b in ("phone", "ui", "mail", "store")
]
TAGS = ["View Lock", "RILJ_ACK", "*alarm*", "JobScheduler", "Wifi Scan", "AudioMix", "GnssLock"]
CLASSES = [f"{a}{b}" for a in ("Order", "User", "Cart", "Audit") for b in ("Service", "Dao", "Job")]


def _hex(r: random.Random, n: int) -> str:
    return "".join(r.choice("0123456789abcdef") for _ in range(n))


def _ip(r: random.Random) -> str:
    return ".".join(str(r.randrange(1, 255)) for _ in range(4))


def _uuid(r: random.Random) -> str:
    return "-".join(_hex(r, n) for n in (8, 4, 4, 4, 12))


def _path(r: random.Random) -> str:
    return "/" + "/".join(r.choice(WORDS) for _ in range(r.randrange(2, 6)))


def _host(r: random.Random) -> str:
    label = r.choice(WORDS) + r.choice(["", str(r.randrange(99)), "-" + r.choice(WORDS)])
    return f"{label}.{r.choice(['example.com', 'corp.example.org', 'net', 'edu.example'])}"


def _size(r: random.Random) -> str:
    return (
        f"{r.uniform(0, 999):.{r.randrange(3)}f}{r.choice(['', ' '])}{r.choice(['B', 'KB', 'MB'])}"
    )


def _duration(r: random.Random) -> str:
    return f"{r.randrange(1, 5000)}{r.choice(['ms', ' ms', 's', ' sec', 'us'])}"


def _list(r: random.Random) -> str:
    joint = r.choice([" ", ", ", ","])
    return joint.join(str(r.randrange(9999)) for _ in range(r.randrange(1, 9)))


def _object(r: random.Random) -> str:
    inner = f"{_hex(r, 7)} u0 {r.choice(PACKAGES)}/.Main"
    return f"Record{{{inner}{r.choice(['', f' t{r.randrange(99)}'])}}}"


def _json(r: random.Random) -> str:
    fields = [f'"{r.choice(WORDS)}": {r.choice(["1", "true", chr(34) + "x" + chr(34)])}']
    return "{" + ", ".join(fields * r.randrange(1, 4)) + "}"


SLOTS: dict[str, Callable[[random.Random], str]] = {
    "n": lambda r: str(r.randrange(10 ** r.randrange(1, 7))),
    "f": lambda r: f"{r.uniform(-9, 99):.3f}",
    "hex": lambda r: "0x" + _hex(r, 8),
    "rawhex": lambda r: _hex(r, 8),
    "ip": _ip,
    "ipp": lambda r: f"{_ip(r)}:{r.randrange(65535)}",
    "uuid": _uuid,
    "path": _path,
    "host": _host,
    "size": _size,
    "dur": _duration,
    "list": _list,
    "object": _object,
    "json": _json,
    "user": lambda r: r.choice(USERS),
    "word": lambda r: r.choice(WORDS),
    "pkg": lambda r: r.choice(PACKAGES),
    "tag": lambda r: r.choice(TAGS),
    "cls": lambda r: r.choice(CLASSES),
    "bool": lambda r: r.choice(["true", "false"]),
    "maybe": lambda r: r.choice(
        ["null", str(r.randrange(999)), f"WorkSource{{{r.randrange(99)}}}"]
    ),
    "rank": lambda r: f"R{r.randrange(64):02d}-M{r.randrange(2)}-N{r.randrange(16)}",
    "url": lambda r: f"http://{_host(r)}{_path(r)}?id={r.randrange(99)}",
    "time": lambda r: f"{r.randrange(24):02d}:{r.randrange(60):02d}:{r.randrange(60):02d}",
    "date": lambda r: (
        f"{r.choice(['Mon', 'Tue', 'Sat'])} {r.choice(['Jan', 'Jun', 'Nov'])} "
        f"{r.randrange(1, 29):2d} {r.randrange(24):02d}:{r.randrange(60):02d}:00 2024"
    ),
    "kb": lambda r: f" ({r.uniform(1, 99):.2f} KB)" if r.random() < 0.5 else "",
    "job": lambda r: (
        f"attempt_{r.randrange(10**12)}_{r.randrange(9999):04d}_m_{r.randrange(99):06d}_0"
    ),
    "id": lambda r: (
        "".join(r.choice(string.ascii_lowercase + string.digits) for _ in range(12)) + "7"
    ),
}

STYLES: dict[str, list[str]] = {
    "phone": [
        'acquire lock={n}, flags={hex}, tag="{tag}", name={pkg}, ws={maybe}, uid={n}, pid={n}',
        'release lock={n}, flags={hex}, tag="{tag}", name={pkg}, ws={maybe}, uid={n}, pid={n}',
        "ready={bool},policy={n},wakefulness={n},wksummary={hex},uasummary={hex},bootcompleted={bool}",
        "Start proc {n}:{pkg}/u0a{n} for service {pkg}/.sync",
        "Killing {n}:{pkg}/u0a{n} (adj {n}): empty #{n}",
        "printFreezingDisplayLogs opening app wtoken = AppToken{{{rawhex} token=Token{object}}}",
        "allDrawn= {bool}, startingDisplayed = {bool}, isRelaunching = {bool}",
        "getRunningAppProcesses: caller {n} does not hold REAL_GET_TASKS; limiting output",
        "cancelNotificationLocked called, tag = {tag}, id = {n}",
        "userActivityNoUpdateLocked: eventTime={n}, event={n}, flags={hex}, uid={n}",
        "setSystemUiVisibility vis={hex} mask={hex} oldVal={hex} newVal={hex} diff={hex}",
        "HBM brightnessIn ={n}",
        "HBM brightnessOut ={n}",
        "computeScreenConfigurationLocked()",
        "Skipping AppWindowToken{object} -- going to hide",
        "Focus moved to {object}",
        "Screen is on",
        "Screen is off",
        "onTouchDown",
        "onTouchUp",
        "send {cls} message to handler",
        "Destroying surface {object} called by {cls}.remove:{n}",
    ],
    "web": [
        "workerEnv.init() ok {path}",
        "mod_jk child workerEnv in error state {n}",
        "jk2_init() Found child {n} in scoreboard slot {n}",
        "jk2_init() Can't find child {n} in scoreboard",
        "[client {ip}] Directory index forbidden by rule: {path}/",
        "[client {ip}] File does not exist: {path}",
        "[client {ip}] script not found or unable to stat: {path}",
        "[client {ip}] request failed: error reading the headers",
        "caught SIGTERM, shutting down",
        "resuming normal operations",
        "[client {ip}] (104)Connection reset by peer: core_output_filter: writing data",
        "server reached MaxClients setting, consider raising the MaxClients setting",
        "mod_python: Creating {n} session mutexes based on {n} max processes and 0 max threads.",
        "mod_python: using mutex_directory {path}",
        "child pid {n} exit signal Segmentation fault ({n})",
    ],
    "supercomputer": [
        "instruction cache parity error corrected",
        "data cache parity error corrected",
        "generating core.{n}",
        "CE sym {n}, at {hex}, mask {hex}",
        "{n} double-hummer alignment exceptions",
        "{n} floating point alignment exceptions",
        "total of {n} ddr error(s) detected and corrected on rank {n}, symbol {n}, bit {n}",
        "ciod: Error loading {path}: invalid or missing program image, No such file or directory",
        "ciod: Error loading {path}: program image too big, {n} > {n}",
        "ciod: failed to read message prefix on control stream (CioStream socket to {ipp}",
        "ciod: LOGIN chdir({path}) failed: No such file or directory",
        "ciod: LOGIN chdir({path}) failed: Input/output error",
        "iar {rawhex} dear {rawhex}",
        "rts: kernel terminated for reason {n}",
        "rts panic! - stopping execution",
        "rts: bad message header: invalid node {n}",
        "lr:{rawhex} cr:{rawhex} xer:{rawhex} ctr:{rawhex}",
        "machine check interrupt",
        "idoproxydb hit ASSERT: expression={n} Source file={path}.cpp Source line={n}",
        "NodeCard is not fully functional: {rank}",
        "Node card VPD check: missing {rank} node",
        "Lustre mount FAILED : bglio{n} : block_id : location",
        "fan module {word} speed low",
        "power module {word} status ok",
        "disable store gathering..................0",
        "enable icache prefetch..................1",
        "MidplaneSwitchController performing bit sparing on {rank} bit {n}",
        "shutdown complete",
        "critical input interrupt (unit={hex} bit={hex}): warning for {rank}",
    ],
    "mapreduce": [
        "Progress of TaskAttempt {job} is : {f}",
        "Done acknowledgement from {job}",
        "Task succeeded with attempt {job}",
        "Assigned container container_{n}_{n}_{n} to {job}",
        "{job} TaskAttempt Transitioned from NEW to UNASSIGNED",
        "{job} TaskAttempt Transitioned from ASSIGNED to RUNNING",
        "Retrying connect to server: {host}:{n}. Already tried {n} time(s); retry policy is {list}",
        "retry policy (maxRetries={n}, sleepTime={n} MILLISECONDS)",
        "Address change detected. Old: {host}/{ipp} New: {host}:{n}",
        "Failed to renew lease for [Client_{n}_{n}] for {n} seconds.  Will retry shortly ...",
        "Recalculating schedule, headroom=<memory:{n}, vCores:{n}>",
        "Reduce slow start threshold not met. completedMapsForReduceSlowstart {n}",
        "Before Scheduling: PendingReds:{n} ScheduledMaps:{n} AssignedMaps:{n} HostLocal:{n}",
        "After Scheduling: PendingReds:{n} ScheduledMaps:{n} AssignedMaps:{n} HostLocal:{n}",
        "Registering class org.acme.{cls} for class org.acme.{cls}Handler",
        "Instantiated MRClient to {host}/{ipp}",
        "Jetty bound to port {n}",
        "jetty-{n}.{n}.{n}",
        "Executing with tokens:",
        "Kind: JOB_TOKEN, Service: , Ident: (token {n})",
        "ERROR IN CONTACTING RM.",
        "Stopping server on {n}",
        "Event Writer setup for JobId: job_{n}",
        "maxContainerCapability: <memory:{n}, vCores:{n}>",
        "queue: {word}",
        "Input size for job job_{n} = {n}. Number of splits = {n}",
    ],
    "tracker": [
        "onStandStepChanged {n}",
        "REPORT : {n} {n} {n} {n}",
        "flush sensor data",
        "onExtend:{n} {n} {n} {n}",
        "getTodayTotalDetailSteps = {n}##{n}##{n}##{n}",
        "calculateCaloriesWithCache totalCalories={n}",
        "calculateAltitudeWithCache totalAltitude={n}",
        "onReceive action: android.intent.action.SCREEN_ON",
        "onReceive action: android.intent.action.SCREEN_OFF",
        "upLoadOneMinuteDataToEngine time={n},{n},{n},{n}",
        "aggregateSyncData insert {n}",
        "saveHealthDetailData() deviceCount={n}",
        "screen status unknown",
        "no data to sync",
        "insertHiHealthData() checkAppType 0 appID ={n}",
        "tryToReloadTodayBasicSteps {n}|{n}",
        "initUserPrivacy the userPrivacy is {bool}",
        "needAutoSync autoSyncSwitch is open",
    ],
    "desktop": [
        "ARPT: {f}: wl0: MDNS: IPV4 Addr: {ip}",
        "ARPT: {f}: wl0: setup_keepalive: Local port: {n}",
        "ARPT: {f}: wl0: setup_keepalive: Remote port: {n}",
        "en0: BSSID changed to {rawhex}",
        "AirPort: Link Down on awdl0. Reason {n} (Unspecified).",
        "Thermal pressure state: {n} Memory pressure state: {n}",
        "image {hex} of process {word} is too old",
        "host connection <Conn: {hex}> invalidated",
        'Error Domain=NSURLErrorDomain Code=-{n} "The request timed out." UserInfo={{{json}}}',
        "Unable to open {path}: No such file",
        "assertion failed: {n}G{n}: libx + {n} [{uuid}]: {hex}",
        "Previous sleep cause: {n}",
        "Wake reason: ARPT (Network)",
        "Wake reason: RTC (Alarm)",
        "Did not receive reply within {dur}",
        "Google Updater installed version {n}.{n}.{n}",
        "Invoked notification with id: {uuid}",
        "Bluetooth -- LE is supported - Disable LE meta event",
        "(display {n}) display mode {n} ({n}x{n}) at {path}",
        "PM response took {n} ms ({n}, {word}d)",
        "Sandbox: {word}d({n}) deny({n}) mach-lookup com.apple.{word}.xpc",
        "Failed to send {cls} to {pkg}, dropping",
        "Got a {word} request from {pkg} pid {n}",
    ],
    "secureshell": [
        "Failed password for {user} from {ip} port {n} ssh2",
        "Failed password for invalid user {user} from {ip} port {n} ssh2",
        "Accepted password for {user} from {ip} port {n} ssh2",
        "Invalid user {user} from {ip}",
        "Connection closed by {ip} [preauth]",
        "Received disconnect from {ip}: {n}: Bye Bye [preauth]",
        "Received disconnect from {ip}: {n}: disconnected by user",
        "pam_unix(sshd:auth): check pass; user unknown",
        "pam_unix(sshd:session): session opened for user {user} by (uid={n})",
        "pam_unix(sshd:session): session closed for user {user}",
        "reverse mapping checking getaddrinfo for {host} [{ip}] failed - POSSIBLE BREAK-IN!",
        "input_userauth_request: invalid user {user} [preauth]",
        "pam_unix(sshd:auth): authentication failure; logname= uid=0 tty=ssh ruser= rhost={ip} ",
        "Did not receive identification string from {ip}",
        "fatal: Write failed: Connection reset",
        "message repeated {n} times: [ Failed password for root from {ip} port {n} ssh2]",
        "Server listening on {ip} port {n}.",
        "error: Received disconnect from {ip}: {n}: No more",
        "PAM {n} more authentication failures; logname= uid=0 tty=ssh rhost={ip}",
        "Bad protocol version identification 'GET {path}' from {ip}",
    ],
    "cloud": [
        '{ip} "GET {path} HTTP/1.1" status: {n} len: {n} time: {f}',
        '{ip} "POST {path} HTTP/1.1" status: {n} len: {n} time: {f}',
        "[instance: {uuid}] Total memory: {n} MB, used: {f} MB",
        "[instance: {uuid}] memory limit: {f} MB, free: {f} MB",
        "[instance: {uuid}] vcpu limit not specified, defaulting to unlimited",
        "[instance: {uuid}] disk limit not specified, defaulting to unlimited",
        "[instance: {uuid}] VM Started (Lifecycle Event)",
        "[instance: {uuid}] VM Paused (Lifecycle Event)",
        "[instance: {uuid}] Took {f} seconds to build instance.",
        "[instance: {uuid}] Took {f} seconds to destroy the instance on the hypervisor.",
        "[instance: {uuid}] Took {f} seconds to deallocate network for instance.",
        "[instance: {uuid}] Attempting claim: memory {n} MB, disk {n} GB, vcpus {n} CPU",
        "image {uuid} at ({path}): checking",
        "image {uuid} at ({path}): in use: on this node {n} local, {n} on other nodes",
        "Active base files: {path}",
        "Removable base files: {path} {path}",
        "Base file: {path}",
        "Creating event network-vif-plugged:{uuid} for instance {uuid}",
        "HTTP exception thrown: No instances found for any event",
        "Final resource view: name={host} phys_ram={n}MB used_ram={n}MB phys_disk={size}",
        "Auditing locally available compute resources for node {host}",
        "Compute_service record updated for {word}:{word}",
        "Sync power state for {word} with {list} done in {dur}",
        "payload {json} rejected by {cls}",
        "GET {url} took {dur}",
        "transferred {size}{kb} to {host}",
        "backup at {date} by {user}",
        "ids [{list}] expired",
        "cache {word} evicted {n} entries",
        "cache {word} loaded",
    ],
}

_SLOT = re.compile(r"\{(\w+)\}")


def render(form: str, r: random.Random) -> str:
    """Fill the slots of a format string."""
    filled = _SLOT.sub(lambda slot: SLOTS[slot[1]](r), form)
    return filled.replace("{{", "{").replace("}}", "}")


def make_log(style: str, seed: int, lines: int = 2000) -> tuple[list[str], list[str]]:
    """Return ``lines`` messages of a style and the format string of each.

    Frequencies fall off like those of real logs: a few statements make most of it, some
    are seen once.
    """
    r = random.Random(seed)
    forms = list(STYLES[style])
    r.shuffle(forms)
    weights = [1 / (rank + 1) ** 1.2 for rank in range(len(forms))]
    truth = [*forms, *r.choices(forms, weights, k=lines - len(forms))]
    r.shuffle(truth)
    return [render(form, r) for form in truth], truth
