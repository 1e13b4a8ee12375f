package shop.payments;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.LayoutBase;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Map;

/** One JSON object a line, with the field names of the usual logstash encoder. */
public final class JsonLayout extends LayoutBase<ILoggingEvent> {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

    @Override
    public String doLayout(ILoggingEvent event) {
        StringBuilder out = new StringBuilder(256).append('{');
        field(out, "@timestamp", TIME.format(Instant.ofEpochMilli(event.getTimeStamp())));
        field(out, "level", event.getLevel().toString());
        field(out, "logger_name", event.getLoggerName());
        field(out, "thread_name", event.getThreadName());
        field(out, "message", event.getFormattedMessage());
        field(out, "service", "payment-api");
        field(out, "version", Main.VERSION);
        field(out, "pod", Main.POD);
        for (Map.Entry<String, String> entry : event.getMDCPropertyMap().entrySet()) {
            field(out, entry.getKey(), entry.getValue());
        }
        if (event.getThrowableProxy() != null) {
            field(out, "stack_trace", ThrowableProxyUtil.asString(event.getThrowableProxy()));
        }
        out.setLength(out.length() - 1);
        return out.append("}\n").toString();
    }

    private static void field(StringBuilder out, String name, String value) {
        out.append('"').append(name).append("\":\"");
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (c < 0x20) {
                        out.append(String.format("\\u%04x", (int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append("\",");
    }
}
