package shop.payments;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.concurrent.ThreadLocalRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/** The HTTP surface: payments, metrics, health, and the admin's flags and truth. */
final class Endpoints {
    private static final Logger LOG = LoggerFactory.getLogger(Endpoints.class);

    private Endpoints() {}

    static void register(HttpServer server, PaymentService service, PaymentStore store, Flags flags, Meters meters) {
        server.createContext("/api/v1/payments", exchange -> pay(exchange, service, meters));
        server.createContext("/metrics", answer(() -> meters.text(store)));
        server.createContext("/health", answer(() -> "ok"));
        server.createContext("/admin/truth", answer(Truth::json));
        server.createContext("/admin/flags", exchange -> {
            if (exchange.getRequestMethod().equals("POST")) {
                flags.set(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
                LOG.info("feature flags now {}", flags.names());
            }
            send(exchange, 200, flags.names().toString());
        });
    }

    private interface Text {
        String get();
    }

    private static HttpHandler answer(Text text) {
        return exchange -> send(exchange, 200, text.get());
    }

    private static void pay(HttpExchange exchange, PaymentService service, Meters meters) throws IOException {
        long startNs = System.nanoTime();
        ThreadLocalRandom random = ThreadLocalRandom.current();
        String id = String.format("pay_%016x", random.nextLong());
        MDC.put("traceId", String.format("%016x%016x", random.nextLong(), random.nextLong()));
        MDC.put("transactionId", id);
        int status = 200;
        try {
            exchange.getRequestBody().readAllBytes();
            service.pay(id, random.nextInt(200), random.nextLong(500, 40_000));
        } catch (SQLException failure) {
            status = 500;
            LOG.error("payment failed transaction={}", id, failure);
        } catch (OutOfMemoryError exhausted) {
            // HeapDumpOnOutOfMemoryError has run by now; the answer is sent if memory allows it.
            status = 500;
            LOG.error("payment failed transaction={}", id, exhausted);
        } finally {
            meters.countRequest(status, System.nanoTime() - startNs);
            MDC.clear();
        }
        send(exchange, status, "{\"id\":\"" + id + "\"}");
    }

    private static void send(HttpExchange exchange, int status, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }
}
