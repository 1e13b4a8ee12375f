"""Tags and element types of HPROF, in the names of its specification.

References
----------
.. [1] OpenJDK, ``src/hotspot/share/services/heapDumper.cpp``, comment "HPROF format".
.. [2] Android Open Source Project, ``art/runtime/hprof/hprof.cc`` (tags from 0x89 on, 0xFE).
"""

from __future__ import annotations

from typing import Final

import numpy as np

UTF8: Final = 0x01
LOAD_CLASS: Final = 0x02
UNLOAD_CLASS: Final = 0x03
FRAME: Final = 0x04
TRACE: Final = 0x05
ALLOC_SITES: Final = 0x06
HEAP_SUMMARY: Final = 0x07
START_THREAD: Final = 0x0A
END_THREAD: Final = 0x0B
HEAP_DUMP: Final = 0x0C
CPU_SAMPLES: Final = 0x0D
CONTROL_SETTINGS: Final = 0x0E
HEAP_DUMP_SEGMENT: Final = 0x1C
HEAP_DUMP_END: Final = 0x2C

GC_ROOT_JNI_GLOBAL: Final = 0x01
GC_ROOT_JNI_LOCAL: Final = 0x02
GC_ROOT_JAVA_FRAME: Final = 0x03
GC_ROOT_NATIVE_STACK: Final = 0x04
GC_ROOT_STICKY_CLASS: Final = 0x05
GC_ROOT_THREAD_BLOCK: Final = 0x06
GC_ROOT_MONITOR_USED: Final = 0x07
GC_ROOT_THREAD_OBJ: Final = 0x08
GC_CLASS_DUMP: Final = 0x20
GC_INSTANCE_DUMP: Final = 0x21
GC_OBJ_ARRAY_DUMP: Final = 0x22
GC_PRIM_ARRAY_DUMP: Final = 0x23
GC_ROOT_INTERNED_STRING: Final = 0x89
GC_ROOT_FINALIZING: Final = 0x8A
GC_ROOT_DEBUGGER: Final = 0x8B
GC_ROOT_REFERENCE_CLEANUP: Final = 0x8C
GC_ROOT_VM_INTERNAL: Final = 0x8D
GC_ROOT_JNI_MONITOR: Final = 0x8E
GC_UNREACHABLE: Final = 0x90
GC_PRIM_ARRAY_NODATA_DUMP: Final = 0xC3
HEAP_DUMP_INFO: Final = 0xFE
GC_ROOT_UNKNOWN: Final = 0xFF

TYPE_OBJECT: Final = 2
TYPE_BOOLEAN: Final = 4
TYPE_CHAR: Final = 5
TYPE_FLOAT: Final = 6
TYPE_DOUBLE: Final = 7
TYPE_BYTE: Final = 8
TYPE_SHORT: Final = 9
TYPE_INT: Final = 10
TYPE_LONG: Final = 11

#: Bytes of an element by type; 0 marks a type that doesn't exist. Objects have the id size.
TYPE_BYTES: Final = np.array([0, 0, 0, 0, 1, 2, 4, 8, 1, 2, 4, 8, 0, 0, 0, 0], dtype=np.int64)

_ROOT_NAMES: Final = {
    GC_ROOT_UNKNOWN: "unknown",
    GC_ROOT_JNI_GLOBAL: "JNI global",
    GC_ROOT_JNI_LOCAL: "JNI local",
    GC_ROOT_JAVA_FRAME: "Java frame",
    GC_ROOT_NATIVE_STACK: "native stack",
    GC_ROOT_STICKY_CLASS: "system class",
    GC_ROOT_THREAD_BLOCK: "thread block",
    GC_ROOT_MONITOR_USED: "busy monitor",
    GC_ROOT_THREAD_OBJ: "thread",
    GC_ROOT_INTERNED_STRING: "interned string",
    GC_ROOT_FINALIZING: "finalizing",
    GC_ROOT_DEBUGGER: "debugger",
    GC_ROOT_REFERENCE_CLEANUP: "reference cleanup",
    GC_ROOT_VM_INTERNAL: "VM internal",
    GC_ROOT_JNI_MONITOR: "JNI monitor",
    GC_UNREACHABLE: "unreachable",
    0: "presumed",
}


def root_name(tag: int) -> str:
    """Return what people call a root record; 0 is a root presumed after damage."""
    return _ROOT_NAMES.get(tag, f"root 0x{tag:02x}")
