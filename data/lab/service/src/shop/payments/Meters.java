package shop.payments;

import com.zaxxer.hikari.HikariPoolMXBean;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** Counts requests and writes all metrics in Prometheus' text format, with Micrometer's names. */
final class Meters {
    private static final double[] BOUNDS_S = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5};

    private final Map<String, LongAdder> byStatus = new ConcurrentHashMap<>();
    private final LongAdder[] buckets = new LongAdder[BOUNDS_S.length + 1];
    private final AtomicLong totalNs = new AtomicLong();
    private final LongAdder scored = new LongAdder();
    private final LongAdder timedOut = new LongAdder();

    Meters() {
        for (int i = 0; i < buckets.length; i++) {
            buckets[i] = new LongAdder();
        }
    }

    void countRequest(int status, long tookNs) {
        byStatus.computeIfAbsent(Integer.toString(status), key -> new LongAdder()).increment();
        totalNs.addAndGet(tookNs);
        double tookS = tookNs / 1e9;
        int i = 0;
        while (i < BOUNDS_S.length && tookS > BOUNDS_S[i]) {
            i++;
        }
        buckets[i].increment();
    }

    void countFraud(boolean late) {
        (late ? timedOut : scored).increment();
    }

    String text(PaymentStore store) {
        StringBuilder out = new StringBuilder(8_192);
        writeMemory(out);
        writeProcess(out);
        writePool(out, store);
        writeRequests(out);
        return out.toString();
    }

    private static void type(StringBuilder out, String name, String kind) {
        out.append("# TYPE ").append(name).append(' ').append(kind).append('\n');
    }

    private static void line(StringBuilder out, String series, double value) {
        out.append(series).append(' ');
        if (value == Math.rint(value) && Math.abs(value) < 1e15) {
            out.append((long) value);
        } else {
            out.append(value);
        }
        out.append('\n');
    }

    private static void writeMemory(StringBuilder out) {
        type(out, "jvm_memory_used_bytes", "gauge");
        for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
            line(out, poolSeries("jvm_memory_used_bytes", pool), pool.getUsage().getUsed());
        }
        type(out, "jvm_memory_max_bytes", "gauge");
        for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
            line(out, poolSeries("jvm_memory_max_bytes", pool), pool.getUsage().getMax());
        }
        type(out, "jvm_memory_committed_bytes", "gauge");
        for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
            line(out, poolSeries("jvm_memory_committed_bytes", pool), pool.getUsage().getCommitted());
        }
        type(out, "jvm_buffer_memory_used_bytes", "gauge");
        for (BufferPoolMXBean pool : ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class)) {
            line(out, "jvm_buffer_memory_used_bytes{id=\"" + pool.getName() + "\"}", pool.getMemoryUsed());
        }
        type(out, "jvm_gc_pause_seconds", "summary");
        for (GarbageCollectorMXBean gc : ManagementFactory.getGarbageCollectorMXBeans()) {
            String labels = "{gc=\"" + gc.getName() + "\"}";
            line(out, "jvm_gc_pause_seconds_count" + labels, gc.getCollectionCount());
            line(out, "jvm_gc_pause_seconds_sum" + labels, gc.getCollectionTime() / 1e3);
        }
    }

    private static String poolSeries(String name, MemoryPoolMXBean pool) {
        String area = pool.getType() == MemoryType.HEAP ? "heap" : "nonheap";
        return name + "{area=\"" + area + "\",id=\"" + pool.getName().replace("'", "") + "\"}";
    }

    private static void writeProcess(StringBuilder out) {
        type(out, "jvm_threads_live_threads", "gauge");
        line(out, "jvm_threads_live_threads", ManagementFactory.getThreadMXBean().getThreadCount());
        type(out, "process_resident_memory_bytes", "gauge");
        line(out, "process_resident_memory_bytes", residentBytes());
        type(out, "process_start_time_seconds", "gauge");
        line(out, "process_start_time_seconds", ManagementFactory.getRuntimeMXBean().getStartTime() / 1e3);
        type(out, "application_info", "gauge");
        line(out, "application_info{version=\"" + Main.VERSION + "\"}", 1);
    }

    private static double residentBytes() {
        try {
            for (String row : Files.readAllLines(Path.of("/proc/self/status"))) {
                if (row.startsWith("VmRSS:")) {
                    return Double.parseDouble(row.replaceAll("[^0-9]", "")) * 1024;
                }
            }
            return Double.NaN;
        } catch (IOException missing) {
            return Double.NaN;
        }
    }

    private static void writePool(StringBuilder out, PaymentStore store) {
        HikariPoolMXBean pool = store.pool();
        Map<String, Integer> gauges = new TreeMap<>();
        gauges.put("hikaricp_connections", pool.getTotalConnections());
        gauges.put("hikaricp_connections_active", pool.getActiveConnections());
        gauges.put("hikaricp_connections_idle", pool.getIdleConnections());
        gauges.put("hikaricp_connections_max", store.poolMaximum());
        gauges.put("hikaricp_connections_pending", pool.getThreadsAwaitingConnection());
        for (Map.Entry<String, Integer> gauge : gauges.entrySet()) {
            type(out, gauge.getKey(), "gauge");
            line(out, gauge.getKey() + "{pool=\"payment-primary\"}", gauge.getValue());
        }
    }

    private void writeRequests(StringBuilder out) {
        String uri = "uri=\"/api/v1/payments\"";
        type(out, "http_server_requests_seconds", "histogram");
        long seen = 0;
        for (int i = 0; i < buckets.length; i++) {
            seen += buckets[i].sum();
            String bound = i < BOUNDS_S.length ? Double.toString(BOUNDS_S[i]) : "+Inf";
            line(out, "http_server_requests_seconds_bucket{" + uri + ",le=\"" + bound + "\"}", seen);
        }
        line(out, "http_server_requests_seconds_count{" + uri + "}", seen);
        line(out, "http_server_requests_seconds_sum{" + uri + "}", totalNs.get() / 1e9);
        type(out, "http_requests_total", "counter");
        for (Map.Entry<String, LongAdder> status : new TreeMap<>(byStatus).entrySet()) {
            line(out, "http_requests_total{" + uri + ",status=\"" + status.getKey() + "\"}", status.getValue().sum());
        }
        type(out, "fraud_check_requests_total", "counter");
        line(out, "fraud_check_requests_total{outcome=\"scored\"}", scored.sum());
        line(out, "fraud_check_requests_total{outcome=\"timeout\"}", timedOut.sum());
    }
}
