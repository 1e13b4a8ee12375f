import java.io.File;
import org.graalvm.visualvm.lib.jfluid.heap.Heap;
import org.graalvm.visualvm.lib.jfluid.heap.HeapFactory;
import org.graalvm.visualvm.lib.jfluid.heap.Instance;

/** Open a dump with VisualVM's library: biggest objects by retained size, and who holds them. */
public final class VisualVm {
    public static void main(String[] args) throws Exception {
        Heap heap = HeapFactory.createHeap(new File(args[0]));
        for (Instance found : heap.getBiggestObjectsByRetainedSize(20)) {
            StringBuilder line = new StringBuilder();
            line.append(found.getJavaClass().getName()).append(' ').append(found.getRetainedSize());
            Instance at = found;
            for (int step = 0; step < 100 && at != null && !at.isGCRoot(); step++) {
                at = (Instance) at.getNearestGCRootPointer();
                line.append(" < ").append(at == null ? "?" : at.getJavaClass().getName());
            }
            System.out.println(line);
        }
    }
}
