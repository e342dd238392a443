/*
 * A driver of CUDA without a GPU, for DriverGpuTest: what DriverGpu calls, with the rules that hold
 * for it. A thread needs a current context; memory is neither taken nor freed while a stream is
 * captured unless the thread's mode is relaxed; after a fault every call fails. Memory is the
 * host's, kernels do nothing. FAKE_FAULT=n lets the n-th start of a kernel or graph fault.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OK = 0, NO_CONTEXT = 201, ILLEGAL_ADDRESS = 700, UNSUPPORTED = 900, RELAXED = 2 };

static __thread void* current;
static __thread int mode;
static int living; /* what was made and not freed */
static int starts;
static int nodes;
static int isCapturing;
static int isLost;

static int check(void) {
  return isLost ? ILLEGAL_ADDRESS : current == NULL ? NO_CONTEXT : OK;
}

static int checkOutsideOfCapture(void) {
  return isCapturing && mode != RELAXED ? UNSUPPORTED : check();
}

static int make(void** to) {
  int result = check();
  if (result == OK) {
    *to = malloc(8);
    living++;
  }
  return result;
}

static int drop(void* what) {
  int result = check();
  if (result == OK) {
    free(what);
    living--;
  }
  return result;
}

/* A kernel or graph: the fault shows in the next call. */
static int start(void) {
  const char* fault = getenv("FAKE_FAULT");
  int result = check();
  if (result == OK && ++starts == (fault == NULL ? -1 : atoi(fault))) {
    isLost = 1;
  }
  return result;
}

static int node(void) {
  nodes++;
  return check();
}

int cuInit(unsigned flags) { return OK; }
int cuDriverGetVersion(int* version) { *version = 12000; return OK; }
int cuDeviceGetCount(int* count) { *count = 1; return OK; }
int cuDeviceGet(int* device, int i) { *device = i; return OK; }
int cuDeviceGetName(char* name, int size, int device) { strncpy(name, "Fake", size); return OK; }
int cuDeviceTotalMem_v2(size_t* bytes, int device) { *bytes = 1 << 30; return OK; }
int cuDeviceGetAttribute(int* value, int which, int device) { *value = 1 << 10; return OK; }

int cuDevicePrimaryCtxRetain(void** context, int device) { *context = &living; return OK; }
int cuDevicePrimaryCtxRelease_v2(int device) {
  printf("released, living: %d\n", living);
  fflush(stdout);
  return OK;
}
int cuCtxSetCurrent(void* context) { current = context; return isLost ? ILLEGAL_ADDRESS : OK; }

int cuStreamCreate(void** stream, unsigned flags) { return make(stream); }
int cuStreamDestroy_v2(void* stream) { return drop(stream); }
int cuStreamSynchronize(void* stream) { return checkOutsideOfCapture(); }

int cuMemAlloc_v2(void** memory, size_t bytes) {
  int result = checkOutsideOfCapture();
  if (result == OK) {
    *memory = malloc(bytes);
    living++;
  }
  return result;
}
int cuMemFree_v2(void* memory) {
  int result = checkOutsideOfCapture();
  return result == OK ? drop(memory) : result;
}
int cuMemAllocHost_v2(void** memory, size_t bytes) { return cuMemAlloc_v2(memory, bytes); }
int cuMemFreeHost(void* memory) { return cuMemFree_v2(memory); }

static int copy(void* to, const void* from, size_t bytes) {
  if (isCapturing) {
    return node();
  }
  int result = check();
  if (result == OK) {
    memcpy(to, from, bytes);
  }
  return result;
}
int cuMemcpyHtoDAsync_v2(void* to, const void* from, size_t n, void* s) { return copy(to, from, n); }
int cuMemcpyDtoHAsync_v2(void* to, const void* from, size_t n, void* s) { return copy(to, from, n); }
int cuMemcpyDtoDAsync_v2(void* to, const void* from, size_t n, void* s) { return copy(to, from, n); }
int cuMemsetD8Async(void* to, unsigned char value, size_t bytes, void* stream) {
  if (isCapturing) {
    return node();
  }
  int result = check();
  if (result == OK) {
    memset(to, value, bytes);
  }
  return result;
}

int cuEventCreate(void** event, unsigned flags) { return make(event); }
int cuEventDestroy_v2(void* event) { return drop(event); }
int cuEventRecord(void* event, void* stream) { return check(); }
int cuEventSynchronize(void* event) { return check(); }
int cuEventElapsedTime(float* ms, void* start, void* end) { *ms = 1; return check(); }

int cuModuleLoadData(void** module, const void* ptx) {
  int result = checkOutsideOfCapture();
  return result == OK ? make(module) : result;
}
int cuModuleUnload(void* module) { return drop(module); }
int cuModuleGetFunction(void** function, void* module, const char* name) {
  *function = module;
  return check();
}
int cuFuncSetAttribute(void* function, int attribute, int value) { return check(); }

int cuLaunchKernel(
    void* function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX, unsigned blockY,
    unsigned blockZ, unsigned shared, void* stream, void** parameters, void** extra) {
  if (parameters != NULL || extra[0] != (void*)1 || extra[2] != (void*)2 || extra[4] != NULL ||
      *(size_t*)extra[3] == 0) {
    return 1;
  }
  return isCapturing ? node() : start();
}

int cuStreamBeginCapture_v2(void* stream, int of) {
  nodes = 0;
  isCapturing = 1;
  return check();
}
int cuStreamEndCapture(void* stream, void** graph) {
  printf("captured: %d\n", nodes);
  fflush(stdout);
  isCapturing = 0;
  return make(graph);
}
int cuThreadExchangeStreamCaptureMode(int* exchanged) {
  int before = mode;
  mode = *exchanged;
  *exchanged = before;
  return OK;
}
int cuGraphInstantiateWithFlags(void** executable, void* graph, unsigned long long flags) {
  return flags == 0 ? make(executable) : 1;
}
int cuGraphDestroy(void* graph) { return drop(graph); }
int cuGraphExecDestroy(void* executable) { return drop(executable); }
int cuGraphLaunch(void* executable, void* stream) { return start(); }
