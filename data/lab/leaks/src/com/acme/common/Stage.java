package com.acme.common;

/** Says that the heap is as it should be, and waits to be dumped. */
public final class Stage {
    public static void ready() throws InterruptedException {
        System.out.println("ready");
        Thread.sleep(600_000);
    }
}
