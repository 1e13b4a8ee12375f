package shop.payments;

import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;

/** The features that are on; changed at run time by the admin endpoint. */
final class Flags {
    private final ConcurrentSkipListSet<String> on = new ConcurrentSkipListSet<>();

    Flags(String commaSeparated) {
        set(commaSeparated);
    }

    void set(String commaSeparated) {
        Set<String> wanted = new TreeSet<>();
        for (String name : commaSeparated.split(",")) {
            if (!name.isBlank()) {
                wanted.add(name.trim());
            }
        }
        on.addAll(wanted);
        on.retainAll(wanted);
    }

    boolean isOn(String name) {
        return on.contains(name);
    }

    Set<String> names() {
        return new TreeSet<>(on);
    }
}
