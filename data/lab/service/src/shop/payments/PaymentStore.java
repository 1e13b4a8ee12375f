package shop.payments;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.HikariPoolMXBean;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/** Payments in PostgreSQL, through a HikariCP pool. */
final class PaymentStore implements AutoCloseable {
    private final HikariDataSource source;

    PaymentStore() {
        HikariConfig config = new HikariConfig();
        config.setPoolName("payment-primary");
        config.setJdbcUrl(System.getProperty("lab.jdbc"));
        config.setUsername(System.getProperty("lab.user", "payment_api"));
        config.setPassword("");
        config.setMaximumPoolSize(Integer.getInteger("lab.pool", 10));
        config.setMinimumIdle(2);
        config.setConnectionTimeout(Long.getLong("lab.connectionTimeoutMs", 2_000L));
        config.setLeakDetectionThreshold(5_000L);
        config.addDataSourceProperty("ApplicationName", Main.POD);
        source = new HikariDataSource(config);
    }

    Connection open() throws SQLException {
        return source.getConnection();
    }

    HikariPoolMXBean pool() {
        return source.getHikariPoolMXBean();
    }

    int poolMaximum() {
        return source.getMaximumPoolSize();
    }

    void insert(String id, int merchant, long amountCents) throws SQLException {
        try (Connection connection = open();
                PreparedStatement statement = connection.prepareStatement(
                        "INSERT INTO payments(id, merchant_id, amount_cents, state) VALUES (?,?,?,'CAPTURED')")) {
            statement.setString(1, id);
            statement.setInt(2, merchant);
            statement.setLong(3, amountCents);
            statement.executeUpdate();
        }
    }

    void settle(String id) throws SQLException {
        try (Connection connection = open();
                PreparedStatement statement = connection.prepareStatement(
                        "UPDATE payments SET state = 'SETTLED' WHERE id = ?")) {
            statement.setString(1, id);
            statement.executeUpdate();
        }
    }

    /** Sums a merchant's payments: an index scan, or a scan of the table when the index is missing. */
    long turnoverCents(int merchant) throws SQLException {
        try (Connection connection = open();
                PreparedStatement statement = connection.prepareStatement(
                        "SELECT coalesce(sum(amount_cents),0) FROM payments WHERE merchant_id = ?")) {
            statement.setInt(1, merchant);
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                return rows.getLong(1);
            }
        }
    }

    /** A search that no index serves. */
    long searchSlowly(String text) throws SQLException {
        try (Connection connection = open();
                PreparedStatement statement = connection.prepareStatement(
                        "SELECT count(*) FROM payments WHERE md5(id || state) LIKE ?")) {
            statement.setString(1, "%" + text + "%");
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                return rows.getLong(1);
            }
        }
    }

    @Override
    public void close() {
        source.close();
    }
}
