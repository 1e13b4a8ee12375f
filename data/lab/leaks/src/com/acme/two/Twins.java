package com.acme.two;

import java.util.*;
import java.util.concurrent.*;
import com.acme.common.Stage;
public class Twins {
    static class Metric {
        String name;
        long[] values = new long[60];
        Metric(String n) {
            name = n;
        }
    }
    static class Job {
        UUID id;
        String payload;
        Job(UUID u, String p) {
            id = u;
            payload = p;
        }
    }
    private final Map<String, Metric> metrics = new TreeMap<>();
    private final ConcurrentLinkedQueue<Job> finished = new ConcurrentLinkedQueue<>();
    static final Twins APP = new Twins();
    public static void main(String[] a) throws Exception {
        for (int i = 0; i < 15000; i++) APP.metrics.put("http.requests{path=/user/" + i + "}", new Metric("m" + i));
        for (int i = 0; i < 35000; i++) APP.finished.add(new Job(new UUID(i, i), "payload of job number " + i));
        Stage.ready();
    }
}
