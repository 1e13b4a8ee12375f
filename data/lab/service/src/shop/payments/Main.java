package shop.payments;

import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.Executors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Starts one pod of the payment service: pool, endpoints, flags. Configured by system properties. */
public final class Main {
    private static final Logger LOG = LoggerFactory.getLogger(Main.class);
    static final String VERSION = System.getProperty("lab.version", "v1.0.0");
    static final String POD = System.getProperty("lab.pod", "pod-0");

    private Main() {}

    public static void main(String[] arguments) throws Exception {
        long startedNs = System.nanoTime();
        LOG.info("Starting payment-api {} on {}", VERSION, POD);
        Flags flags = new Flags(System.getProperty("lab.flags", ""));
        Meters meters = new Meters();
        try (PaymentStore store = new PaymentStore()) {
            PaymentService service = new PaymentService(store, flags, meters);
            int port = Integer.getInteger("lab.port", 0);
            HttpServer server = HttpServer.create(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 256);
            server.setExecutor(Executors.newFixedThreadPool(Integer.getInteger("lab.threads", 24)));
            Endpoints.register(server, service, store, flags, meters);
            server.start();
            LOG.info("Started payment-api {} in {} ms, flags {}", VERSION,
                    (System.nanoTime() - startedNs) / 1_000_000, flags.names());
            Thread.currentThread().join();
        }
    }
}
