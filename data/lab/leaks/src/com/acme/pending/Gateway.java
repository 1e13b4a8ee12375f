package com.acme.pending;

import java.util.Map;
import java.util.concurrent.*;
import java.util.function.Function;
import com.acme.common.Stage;

/** Waits for answers that never come: each future keeps what it would do with one. */
public class Gateway {
    static final Gateway GATEWAY = new Gateway();
    final Map<Long, CompletableFuture<String>> pending = new ConcurrentHashMap<>();
    static class Reply implements Function<String, String> {
        final byte[] payload = new byte[300];
        public String apply(String answer) {
            return answer + payload.length;
        }
    }
    public static void main(String[] a) throws Exception {
        for (long i = 0; i < 40000; i++) {
            CompletableFuture<String> future = new CompletableFuture<>();
            future.thenApply(new Reply());
            GATEWAY.pending.put(i, future);
        }
        Stage.ready();
    }
}
