package dev.diptych.kernels.cuda.ptx;

/**
 * What one launch asks for; the same for all its blocks.
 *
 * @param registers what the registers of a warp hold when it starts
 */
record Launch(
    Entry entry,
    GlobalMemory memory,
    PlainRegion parameters,
    Extent grid,
    Extent blockExtent,
    int dynamicSharedBytes,
    long stepLimit,
    Registers.Initial registers) {}
