package com.acme.cap;

import java.util.*;
import java.util.concurrent.*;
import com.acme.common.Stage;
public class ReportScheduler {
    class Report {
        final byte[] data = new byte[9000];
        final String title;
        Report(String t) {
            title = t;
        }
        void schedule() {
            timer.scheduleAtFixedRate(new Runnable() { public void run() { System.out.println(title); } }, 1, 1, TimeUnit.HOURS);
        }
    }
    final ScheduledExecutorService timer = Executors.newScheduledThreadPool(1);
    public static void main(String[] a) throws Exception {
        ReportScheduler s = new ReportScheduler();
        for (int i = 0; i < 1500; i++) s.new Report("report " + i).schedule();
        Stage.ready();
    }
}
