package com.acme.fin;

import com.acme.common.Stage;
public class NativeHandle {
    final byte[] shadow = new byte[20000];
    final int n;
    static final Object GATE = new Object();
    NativeHandle(int i) {
        n = i;
    }
    @Override protected void finalize() throws Throwable {
        Thread.sleep(1_000_000);
    }
    public static void main(String[] a) throws Exception {
        for (int i = 0; i < 1000; i++) new NativeHandle(i);
        System.gc();
        Thread.sleep(300);
        System.gc();
        Stage.ready();
    }
}
