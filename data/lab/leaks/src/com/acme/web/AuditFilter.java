package com.acme.web;

import java.util.*;
import java.util.concurrent.*;
import com.acme.common.Stage;
public class AuditFilter {
    static class AuditEvent {
        final String user;
        final long at;
        AuditEvent(String u, long t) {
            user = u;
            at = t;
        }
    }
    static class RequestContext {
        final List<AuditEvent> events = new ArrayList<>();
    }
    static final ThreadLocal<RequestContext> CONTEXT = ThreadLocal.withInitial(RequestContext::new);
    public static void main(String[] a) throws Exception {
        int n = Integer.parseInt(a.length > 0 ? a[0] : "40");
        ExecutorService pool = Executors.newFixedThreadPool(n, r -> { Thread t = new Thread(r); t.setName("http-nio-8080-exec-" + t.getId()); return t; });
        CyclicBarrier all = new CyclicBarrier(n);
        List<Future<?>> fs = new ArrayList<>();
        for (int k = 0; k < n; k++) fs.add(pool.submit(() -> { for (int i = 0; i < 200000 / n; i++) CONTEXT.get().events.add(new AuditEvent("user-" + i, i)); all.await(); return null; }));
        for (Future<?> f : fs) f.get();
        Stage.ready();
    }
}
