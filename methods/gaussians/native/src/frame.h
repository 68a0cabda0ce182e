// What one rendered image keeps between its forward and its backward pass.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace splat {

constexpr int kTile = 16;          // pixels along a tile's side
constexpr int kTilePixels = kTile * kTile;
constexpr int kMaxChannels = 32;   // of one image; the tile kernels keep them on the stack
constexpr int kInlineChannels = 4; // up to here a Gaussian's channels travel in its record

// An uninitialised array on a cache line, which keeps its memory when it shrinks. Frames are
// pooled, because touching 10 MB of fresh pages costs milliseconds.
template <class T>
class Buffer {
 public:
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { std::free(data_); }

  // Makes room for `count` elements; earlier contents are lost when it has to grow.
  T* reserve(size_t count) {
    if (count > capacity_) {
      std::free(data_);
      data_ = nullptr;
      capacity_ = 0;
      const size_t wanted = count + count / 4 + 64;
      const size_t bytes = (wanted * sizeof(T) + 63) / 64 * 64;
      data_ = static_cast<T*>(std::aligned_alloc(64, bytes));
      if (data_ == nullptr) throw std::bad_alloc();
      capacity_ = wanted;
    }
    return data_;
  }
  T* data() { return data_; }
  const T* data() const { return data_; }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }

 private:
  T* data_ = nullptr;
  size_t capacity_ = 0;
};

// All that a tile needs to know of a projected Gaussian, in one cache line.
//
// The exponent is kept in base 2, so that the blend loop has one polynomial and no scaling:
//   log2(alpha) = log2_opacity + xx dx^2 + xy dx dy + yy dy^2,   (dx, dy) = centre - pixel.
struct alignas(64) Record {
  float x, y;             // centre in pixels
  float xx, xy, yy;       // -conic * log2(e), halved on the diagonal
  float log2_opacity;
  float reach;            // the quadratic's value where alpha falls to the threshold, and a bit
  float x_of_y, y_of_x;   // slopes of the lines on which the quadratic is largest
  float channels[kInlineChannels];
  float unused[2];
  float opacity;
};
static_assert(sizeof(Record) == 64, "a record is one cache line");

// The tiles that a Gaussian's box touches: [x0, x1) x [y0, y1). Empty when it is culled.
struct TileRange {
  int16_t x0, x1, y0, y1;
  bool empty() const { return x1 <= x0; }
  int count() const { return (x1 - x0) * (y1 - y0); }
};

// Where the semantics of different releases of gsplat differ; see thresholds.py.
struct Thresholds {
  float max_alpha;
  float min_alpha;
  float min_transmittance;
  float max_extent;
  float fov_margin;
};

struct Frame {
  int width = 0, height = 0, tiles_x = 0, tiles_y = 0;
  int channels = 0;        // per pixel, depth included
  int64_t gaussians = 0;   // N
  int64_t visible = 0;
  int64_t intersections = 0;
  Thresholds thresholds{};

  // Written by the projection, per Gaussian.
  Buffer<Record> records;
  Buffer<TileRange> ranges;
  // Channels per Gaussian, [N, channels]; used only when they do not fit into the record.
  Buffer<float> channel_table;

  // Written by the binning.
  Buffer<int32_t> order, order_swap;         // visible Gaussians, nearest first
  Buffer<uint32_t> keys, keys_swap;
  Buffer<int32_t> histogram;                 // [threads, tiles]
  Buffer<int32_t> offsets;                   // [tiles + 1], first entry of each tile
  Buffer<int32_t> ids;                       // [intersections + padding], Gaussian indices

  // Written by the forward pass for the backward pass, in micro-tile order.
  Buffer<uint16_t> masks;                    // per intersection: which micro-tiles it reached
  Buffer<float> final_transmittance;         // [tiles, 256]
  Buffer<int32_t> last;                      // [tiles, 256], list position of the last one blended

  // Gradient sums per thread, [threads, N, stride].
  Buffer<float> gradients;

  int tiles() const { return tiles_x * tiles_y; }
};

}  // namespace splat
