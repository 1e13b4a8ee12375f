package shop.payments;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Scores a payment. On the time-out path the session stays in {@link #PENDING}, and now and then its
 * connection stays open with its transaction: the fault this lab is about.
 */
final class FraudCheck {
    private static final Logger LOG = LoggerFactory.getLogger(FraudCheck.class);
    private static final Map<String, FraudSession> PENDING = new ConcurrentHashMap<>();
    private static final double TIMEOUT_SHARE =
            Double.parseDouble(System.getProperty("lab.fraudTimeoutShare", "0.2"));
    private static final double CONNECTION_SHARE =
            Double.parseDouble(System.getProperty("lab.fraudConnectionShare", "0.01"));
    private static final int FEATURES = Integer.getInteger("lab.fraudFeatures", 2_048);

    private final PaymentStore store;

    FraudCheck(PaymentStore store) {
        this.store = store;
    }

    /** What a running check holds. */
    private static final class FraudSession {
        final String transaction;
        final double[] features = new double[FEATURES];
        Connection lookup;

        FraudSession(String transaction) {
            this.transaction = transaction;
        }
    }

    static int pending() {
        return PENDING.size();
    }

    static int featureCount() {
        return FEATURES;
    }

    void score(String transaction, int merchant) throws SQLException, TimeoutException {
        FraudSession session = new FraudSession(transaction);
        PENDING.put(transaction, session);
        ThreadLocalRandom random = ThreadLocalRandom.current();
        for (int i = 0; i < Math.min(64, FEATURES); i++) {
            session.features[i] = random.nextDouble();
        }
        if (random.nextDouble() < TIMEOUT_SHARE) {
            if (random.nextDouble() < CONNECTION_SHARE) {
                session.lookup = openVelocityLookup(merchant);
                Truth.CONNECTIONS.incrementAndGet();
            }
            Truth.OBJECTS.incrementAndGet();
            throw new TimeoutException("fraud score not available after 250 ms");
        }
        PENDING.remove(transaction);
    }

    private Connection openVelocityLookup(int merchant) throws SQLException {
        Connection connection = store.open();
        connection.setAutoCommit(false);
        try (PreparedStatement statement =
                connection.prepareStatement("SELECT count(*) FROM payments WHERE merchant_id = ?")) {
            statement.setInt(1, merchant);
            statement.executeQuery().next();
        }
        LOG.debug("velocity look-up open for merchant {}", merchant);
        return connection;
    }
}
