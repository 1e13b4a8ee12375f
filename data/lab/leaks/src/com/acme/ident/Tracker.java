package com.acme.ident;

import java.util.*;
import com.acme.common.Stage;

/** Remembers every request by identity, and has no way to forget one. */
public class Tracker {
    static final Tracker TRACKER = new Tracker();
    final Map<Request, Timing> running = new IdentityHashMap<>();
    static class Request {
        final String path;
        final byte[] body = new byte[500];
        Request(String path) {
            this.path = path;
        }
    }
    static class Timing {
        final long startedAt = System.nanoTime();
    }
    public static void main(String[] a) throws Exception {
        for (int i = 0; i < 30000; i++) TRACKER.running.put(new Request("/orders/" + i), new Timing());
        Stage.ready();
    }
}
