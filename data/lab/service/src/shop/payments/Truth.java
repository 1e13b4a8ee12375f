package shop.payments;

import java.util.concurrent.atomic.AtomicLong;

/** What the faults really lost; read by the orchestrator only, never exported as a metric. */
final class Truth {
    static final AtomicLong OBJECTS = new AtomicLong();
    static final AtomicLong CONNECTIONS = new AtomicLong();
    static final AtomicLong DIRECT_BYTES = new AtomicLong();

    private Truth() {}

    static String json() {
        return String.format("{\"objects\":%d,\"connections\":%d,\"direct_bytes\":%d,\"at_ms\":%d}",
                OBJECTS.get(), CONNECTIONS.get(), DIRECT_BYTES.get(), System.currentTimeMillis());
    }
}
