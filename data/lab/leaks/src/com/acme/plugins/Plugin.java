package com.acme.plugins;

public class Plugin implements Runnable {
    static final byte[] TEMPLATES = new byte[700_000];
    static final java.util.List<String> names = new java.util.ArrayList<>();
    static final ThreadLocal<Object> current = new ThreadLocal<>();
    public void run() {
        for (int i = 0; i < 1000; i++) names.add("template" + i);
        current.set(this);
    }
}
