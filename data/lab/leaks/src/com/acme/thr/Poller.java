package com.acme.thr;

import java.util.*;
import com.acme.common.Stage;
public class Poller implements Runnable {
    final byte[] buffer = new byte[8192];
    public void run() {
        try {
            Thread.sleep(1_000_000);
        } catch (InterruptedException e) {}
    }
    public static void main(String[] a) throws Exception {
        for (int i = 0; i < 1200; i++) {
            Thread t = new Thread(null, new Poller(), "poller-" + i, 65536);
            t.setDaemon(true);
            t.start();
        }
        Stage.ready();
    }
}
