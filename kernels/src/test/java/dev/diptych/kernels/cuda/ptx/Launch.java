package dev.diptych.kernels.cuda.ptx;

/** What one launch asks for; the same for all its blocks. */
record Launch(
    Entry entry,
    GlobalMemory memory,
    PlainRegion parameters,
    Extent grid,
    Extent blockExtent,
    int dynamicSharedBytes,
    long stepLimit) {}
