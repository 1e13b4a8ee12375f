package com.acme.values;

import com.acme.common.Stage;
import java.math.*;
import java.time.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;

/** Keeps one of each kind of value that a reader of heaps should decode, by name. */
public class Values {
    enum Colour { RED, GREEN }

    static final Map<String, Object> ALL = new LinkedHashMap<>();
    static void fill(Map<Object, Object> map) {
        for (int i = 0; i < 3; i++) map.put("k" + i, i);
        ALL.put(map.getClass().getName(), map);
    }

    static void fill(Collection<Object> list) {
        for (int i = 0; i < 3; i++) list.add("e" + i);
        ALL.put(list.getClass().getName(), list);
    }

    public static void main(String[] arguments) throws Exception {
        ALL.put("latin", "caf\u00e9");
        ALL.put("wide", "\u65e5\u672c \ud83d\ude00");
        ALL.put("int", 42);
        ALL.put("long", -7L);
        ALL.put("double", 2.5);
        ALL.put("boolean", true);
        ALL.put("char", 'x');
        ALL.put("enum", Colour.GREEN);
        ALL.put("uuid", UUID.fromString("123e4567-e89b-12d3-a456-426614174000"));
        ALL.put("date", new Date(1_700_000_000_000L));
        ALL.put("sql", new java.util.Date(0));
        ALL.put("instant", Instant.ofEpochSecond(1_700_000_000L, 5_000_000));
        ALL.put("local", LocalDateTime.of(2024, 2, 29, 13, 14, 15));
        ALL.put("zoned", ZonedDateTime.of(2024, 2, 29, 13, 14, 15, 0, ZoneOffset.ofHours(2)));
        ALL.put("duration", Duration.ofMillis(1500));
        ALL.put("big", new BigInteger("-123456789012345678901234567890"));
        ALL.put("decimal", new BigDecimal("12.340"));
        ALL.put("atomic", new AtomicLong(9));
        ALL.put("optional", Optional.of("there"));
        ALL.put("array", new int[] {1, 2, 3});
        ALL.put("listof", List.of("a", "b", "c"));
        ALL.put("pair", List.of("a", "b"));
        ALL.put("mapof", Map.of("a", 1, "b", 2));
        ALL.put("mapone", Map.of("a", 1));
        ALL.put("aslist", Arrays.asList("p", "q"));
        ALL.put("unmodifiable", Collections.unmodifiableMap(new HashMap<>(Map.of("u", 1))));
        EnumMap<Colour, Object> byColour = new EnumMap<>(Colour.class);
        byColour.put(Colour.RED, 1);
        ALL.put("enummap", byColour);
        fill(new HashMap<>());
        fill(new LinkedHashMap<>());
        fill(new TreeMap<>());
        fill(new Hashtable<>());
        fill(new ConcurrentHashMap<>());
        fill(new ConcurrentSkipListMap<>());
        fill(new WeakHashMap<>());
        fill(new IdentityHashMap<>());
        fill(new ArrayList<>());
        fill(new LinkedList<>());
        fill(new Vector<>());
        fill(new ArrayDeque<>());
        fill(new PriorityQueue<>());
        fill(new HashSet<>());
        fill(new TreeSet<>());
        fill(new LinkedHashSet<>());
        fill(new CopyOnWriteArrayList<>());
        fill(new ConcurrentLinkedQueue<>());
        fill(new ConcurrentLinkedDeque<>());
        fill(new LinkedBlockingQueue<>());
        fill(new LinkedBlockingDeque<>());
        fill(new ArrayBlockingQueue<>(5));
        fill(ConcurrentHashMap.newKeySet());
        Map<Object, Object> crowded = new HashMap<>();
        for (int i = 0; i < 40; i++) crowded.put(new Crowd(i), i);
        ALL.put("treebin", crowded);
        ConcurrentHashMap<Object, Object> concurrent = new ConcurrentHashMap<>();
        for (int i = 0; i < 40; i++) concurrent.put(new Crowd(i), i);
        ALL.put("concurrenttreebin", concurrent);
        Stage.ready();
    }

    /** All hashes are equal, so that buckets become trees. */
    record Crowd(int n) implements Comparable<Crowd> {
        public int hashCode() {
            return 7;
        }

        public int compareTo(Crowd other) {
            return Integer.compare(n, other.n);
        }
    }
}
