package com.acme.io;

import java.nio.*;
import java.util.*;
import com.acme.common.Stage;
public class FrameStore {
    private static final List<ByteBuffer> frames = new ArrayList<>();
    public static void main(String[] a) throws Exception {
        for (int i = 0; i < 64; i++) frames.add(ByteBuffer.allocateDirect(1 << 20));
        Stage.ready();
    }
}
