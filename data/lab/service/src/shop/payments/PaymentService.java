package shop.payments;

import java.nio.ByteBuffer;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes payments; each fault is one feature flag, named after what it should have been. */
final class PaymentService {
    private static final Logger LOG = LoggerFactory.getLogger(PaymentService.class);
    private static final int RECEIPT_BYTES = Integer.getInteger("lab.receiptBytes", 16_384);
    private static final int QUOTES = Integer.getInteger("lab.quotes", 1_500);
    private static final int QUOTE_BYTES = Integer.getInteger("lab.quoteBytes", 12_288);
    private static final double KEEP_SHARE =
            Double.parseDouble(System.getProperty("lab.keepShare", "0.2"));

    private static final Map<String, byte[]> RECEIPTS = new ConcurrentHashMap<>();
    private static final List<Consumer<String>> AUDIT_LISTENERS = new ArrayList<>();
    private static final ThreadLocal<List<byte[]>> SCRATCH = ThreadLocal.withInitial(ArrayList::new);
    private static final List<ByteBuffer> SPOOL = new ArrayList<>();

    /** Bounded: the oldest quote leaves when it is full. */
    private static final Map<Integer, byte[]> QUOTE_CACHE = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Integer, byte[]> eldest) {
            return size() > QUOTES;
        }
    };

    private final PaymentStore store;
    private final FraudCheck fraud;
    private final Flags flags;
    private final Meters meters;

    PaymentService(PaymentStore store, Flags flags, Meters meters) {
        this.store = store;
        this.flags = flags;
        this.meters = meters;
        this.fraud = new FraudCheck(store);
    }

    void pay(String id, int merchant, long amountCents) throws SQLException {
        LOG.info("payment accepted transaction={} amount={} currency=USD", id, amountCents / 100.0);
        if (flags.isOn("fraud-check")) {
            checkFraud(id, merchant);
        }
        retain(id);
        LOG.info("gateway capture succeeded transaction={} gateway=stripe reference=ch_{}", id,
                Long.toHexString(ThreadLocalRandom.current().nextLong()));
        store.insert(id, merchant, amountCents);
        store.turnoverCents(merchant);
        if (flags.isOn("full-text-search")) {
            store.searchSlowly(id.substring(4, 8));
        }
        store.settle(id);
        LOG.info("payment final transaction={} state=SETTLED", id);
    }

    private void checkFraud(String id, int merchant) throws SQLException {
        try {
            fraud.score(id, merchant);
            meters.countFraud(false);
        } catch (TimeoutException late) {
            meters.countFraud(true);
            if (ThreadLocalRandom.current().nextInt(10) == 0) {
                LOG.warn("fraud check timed out transaction={}, continuing without score", id, late);
            }
        }
    }

    /** Runs the memory-keeping features that are on. */
    private void retain(String id) {
        if (flags.isOn("quote-cache")) {
            quote(ThreadLocalRandom.current().nextInt(QUOTES * 4));
        }
        if (ThreadLocalRandom.current().nextDouble() >= KEEP_SHARE) {
            return;
        }
        if (flags.isOn("receipt-cache")) {
            RECEIPTS.put(id, new byte[RECEIPT_BYTES]);
            Truth.OBJECTS.incrementAndGet();
        }
        if (flags.isOn("audit-listeners")) {
            byte[] frame = new byte[RECEIPT_BYTES];
            synchronized (AUDIT_LISTENERS) {
                AUDIT_LISTENERS.add(text -> LOG.trace("{} {}", text, frame.length));
            }
            Truth.OBJECTS.incrementAndGet();
        }
        if (flags.isOn("scratch-reuse")) {
            SCRATCH.get().add(new byte[RECEIPT_BYTES]);
            Truth.OBJECTS.incrementAndGet();
        }
        if (flags.isOn("direct-spool")) {
            synchronized (SPOOL) {
                SPOOL.add(ByteBuffer.allocateDirect(RECEIPT_BYTES * 4));
            }
            Truth.DIRECT_BYTES.addAndGet(RECEIPT_BYTES * 4L);
            Truth.OBJECTS.incrementAndGet();
        }
    }

    private static void quote(int key) {
        synchronized (QUOTE_CACHE) {
            QUOTE_CACHE.computeIfAbsent(key, missing -> new byte[QUOTE_BYTES]);
        }
    }
}
