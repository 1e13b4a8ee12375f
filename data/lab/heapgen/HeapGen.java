import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Fill a heap with a realistic mix and dump it: maps of orders with strings and boxed keys, a
 * linked list of a million nodes, a reference array of ten million slots, byte buffers.
 *
 * Usage: java -Xmx6g HeapGen.java SCALE OUT.hprof   (scale 1 gives a dump of about 60 MB)
 */
public final class HeapGen {
    static final class Node {
        Node next;
        Object payload;

        Node(Node next, Object payload) {
            this.next = next;
            this.payload = payload;
        }
    }

    static final class Order {
        final long id;
        final String customer;
        final List<Item> items = new ArrayList<>(2);
        Order related;

        Order(long id, String customer) {
            this.id = id;
            this.customer = customer;
        }
    }

    static final class Item {
        final int quantity;
        final String sku;
        final Integer price;

        Item(int quantity, String sku, Integer price) {
            this.quantity = quantity;
            this.sku = sku;
            this.price = price;
        }
    }

    static final Map<Long, Order> ORDERS = new HashMap<>();
    static final ConcurrentHashMap<String, Order> BY_NAME = new ConcurrentHashMap<>();
    static final Map<Integer, byte[]> BUFFERS = new LinkedHashMap<>();
    static Node head;
    static Object[] table;

    public static void main(String[] args) throws Exception {
        double scale = Double.parseDouble(args[0]);
        String[] skus = new String[5000];
        for (int i = 0; i < skus.length; i++) {
            skus[i] = "sku-" + i;
        }
        int orders = (int) (80_000 * scale);
        Order last = null;
        for (int i = 0; i < orders; i++) {
            Order order = new Order(i, "customer-" + (i * 7919L % 1_000_003));
            order.items.add(new Item(i % 9, skus[i % skus.length], i % 4000));
            order.items.add(new Item(i % 5, "sku-of-" + i, i % 300));
            order.related = i % 3 == 0 ? last : null;
            last = order;
            ORDERS.put(order.id, order);
            if (i % 4 == 0) {
                BY_NAME.put("order/" + i, order);
            }
        }
        int nodes = (int) Math.min(1_000_000, 150_000 * scale);
        for (int i = 0; i < nodes; i++) {
            head = new Node(head, i % 2 == 0 ? Integer.valueOf(i) : skus[i % skus.length]);
        }
        table = new Object[(int) Math.min(10_000_000, 600_000 * scale)];
        Order[] all = ORDERS.values().toArray(new Order[0]);
        for (int i = 0; i < table.length; i++) {
            table[i] = i % 3 == 0 ? all[(int) (i * 31L % all.length)] : null;
        }
        for (int i = 0; i < 400 * scale; i++) {
            BUFFERS.put(i, new byte[8192]);
        }
        ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class).dumpHeap(args[1], true);
    }
}
