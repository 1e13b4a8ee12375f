package com.acme.mail;

import java.util.*;
import java.util.concurrent.*;
import com.acme.common.Stage;
public class MailSender {
    static class Mail {
        final String to;
        final char[] body = new char[500];
        Mail(String t) {
            to = t;
        }
        void send() throws Exception {
            Thread.sleep(1_000_000);
        }
    }
    private final ExecutorService executor = Executors.newFixedThreadPool(2);
    void enqueue(Mail m) {
        executor.submit(() -> { m.send(); return null; });
    }
    public static void main(String[] a) throws Exception {
        MailSender s = new MailSender();
        for (int i = 0; i < 15000; i++) s.enqueue(new Mail("u" + i + "@example.org"));
        Stage.ready();
    }
}
