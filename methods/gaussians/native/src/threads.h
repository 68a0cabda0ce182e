// OpenMP, or its single-threaded stand-in where the compiler has none (Apple's clang).
#pragma once

#ifdef _OPENMP
#include <omp.h>
#else
inline int omp_get_thread_num() { return 0; }
inline int omp_get_num_threads() { return 1; }
#endif
