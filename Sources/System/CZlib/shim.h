#ifndef ROOST_CZLIB_SHIM_H
#define ROOST_CZLIB_SHIM_H

#include <zlib.h>

// deflateInit2 is a macro, which Swift does not import.

/// Begins a gzip stream (a window of 15 bits, and 16 for gzip's frame).
static inline int roost_gzip_begin(z_stream *stream, int level) {
  return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}

#endif
