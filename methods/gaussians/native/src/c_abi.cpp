// The functions that Python calls (methods/gaussians/native/kernels.py mirrors the structs).
//
// Nothing throws across this border: every function that can fail returns a Status.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "stages.h"

namespace splat {
namespace {

enum Status { kOk = 0, kNotFinite = 1, kOutOfMemory = 2, kTooManyIntersections = 3 };

// Frames in waiting. They keep their memory; a training loop then allocates nothing.
class Pool {
 public:
  Frame* acquire() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (waiting_.empty()) return new Frame;
    Frame* frame = waiting_.back().release();
    waiting_.pop_back();
    return frame;
  }
  void release(Frame* frame) {
    std::unique_ptr<Frame> owned(frame);
    const std::lock_guard<std::mutex> lock(mutex_);
    if (waiting_.size() < kMost) waiting_.push_back(std::move(owned));
  }

 private:
  static constexpr size_t kMost = 16;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Frame>> waiting_;
};

Pool& pool() {
  static Pool* const instance = new Pool;  // never destroyed: Python may release at exit
  return *instance;
}

template <class Function>
int guarded(Function run) {
  try {
    return run();
  } catch (const std::bad_alloc&) {
    return kOutOfMemory;
  } catch (const std::length_error&) {
    return kOutOfMemory;
  }
}

}  // namespace
}  // namespace splat

using namespace splat;

extern "C" {

struct SplatCamera {
  const float* viewmat;     // [4, 4] world to camera, row-major
  const float* intrinsics;  // [3, 3]
  int32_t width, height;
  float near_plane, far_plane, radius_clip, eps2d;
  int32_t antialiased;
};

static Camera make_camera(const SplatCamera& in, const Thresholds& thresholds) {
  Camera camera;
  for (int row = 0; row < 3; row++) {
    for (int i = 0; i < 3; i++) camera.rotation[3 * row + i] = in.viewmat[4 * row + i];
    camera.translation[row] = in.viewmat[4 * row + 3];
  }
  camera.fx = in.intrinsics[0], camera.cx = in.intrinsics[2];
  camera.fy = in.intrinsics[4], camera.cy = in.intrinsics[5];
  camera.width = in.width, camera.height = in.height;
  camera.near_plane = in.near_plane, camera.far_plane = in.far_plane;
  camera.radius_clip = in.radius_clip, camera.eps2d = in.eps2d;
  camera.antialiased = in.antialiased != 0;
  const float margin_x = thresholds.fov_margin * 0.5f * in.width / camera.fx;
  const float margin_y = thresholds.fov_margin * 0.5f * in.height / camera.fy;
  camera.right = (in.width - camera.cx) / camera.fx + margin_x;
  camera.left = -(camera.cx / camera.fx + margin_x);
  camera.bottom = (in.height - camera.cy) / camera.fy + margin_y;
  camera.top = -(camera.cy / camera.fy + margin_y);
  return camera;
}

static bool is_finite(const SplatCamera& in) {
  const auto finite = [](float x) { return std::isfinite(x); };
  return std::all_of(in.viewmat, in.viewmat + 16, finite) &&
         std::all_of(in.intrinsics, in.intrinsics + 9, finite);
}

// Sizes of the structs above and in stages.h, for the Python side to compare with its own.
void splat_struct_sizes(int64_t* sizes) {
  const int64_t all[] = {sizeof(SplatCamera), sizeof(Thresholds),          sizeof(Gaussians),
                         sizeof(Projection),  sizeof(ProjectionGradients), sizeof(Harmonics),
                         sizeof(Image),       sizeof(ImageGradients)};
  std::memcpy(sizes, all, sizeof(all));
}

void* splat_frame_acquire() {
  try {
    return pool().acquire();
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void splat_frame_release(void* frame) { pool().release(static_cast<Frame*>(frame)); }

int splat_project(void* handle, const SplatCamera* in, const Thresholds* thresholds,
                  const Gaussians* gaussians, const Projection* out, int threads) {
  return guarded([&] {
    Frame& frame = *static_cast<Frame*>(handle);
    frame.width = in->width, frame.height = in->height;
    frame.tiles_x = (in->width + kTile - 1) / kTile;
    frame.tiles_y = (in->height + kTile - 1) / kTile;
    frame.gaussians = gaussians->count;
    frame.thresholds = *thresholds;
    if (!is_finite(*in)) return kNotFinite;
    const Camera camera = make_camera(*in, *thresholds);
    return project_forward(camera, *gaussians, *out, frame, threads) ? kOk : kNotFinite;
  });
}

int splat_project_backward(const SplatCamera* in, const Thresholds* thresholds,
                           const Gaussians* gaussians, const Projection* projection,
                           const ProjectionGradients* grads, int threads) {
  return guarded([&] {
    project_backward(make_camera(*in, *thresholds), *gaussians, *projection, *grads, threads);
    return kOk;
  });
}

int splat_harmonics(const Harmonics* in, float* colors, int threads) {
  return guarded([&] {
    harmonics_forward(*in, colors, threads);
    return kOk;
  });
}

int splat_harmonics_backward(const Harmonics* in, const float* v_colors, float* v_means,
                             float* v_coefficients, int threads) {
  return guarded([&] {
    harmonics_backward(*in, v_colors, v_means, v_coefficients, threads);
    return kOk;
  });
}

// Sort, bin and blend what `splat_project` left in the frame.
int splat_render(void* handle, const Image* image, int threads) {
  return guarded([&] {
    Frame& frame = *static_cast<Frame*>(handle);
    frame.channels = image->color_channels + (image->with_depth ? 1 : 0);
    if (!bin(frame, image->depths, threads)) return kTooManyIntersections;
    return render_forward(frame, *image, threads) ? kOk : kNotFinite;
  });
}

int splat_render_backward(void* handle, const ImageGradients* grads, int threads) {
  return guarded([&] {
    render_backward(*static_cast<Frame*>(handle), *grads, threads);
    return kOk;
  });
}

int64_t splat_intersections(const void* handle) {
  return static_cast<const Frame*>(handle)->intersections;
}

// The tile lists as gsplat gives them: ids [intersections], offsets [tiles].
void splat_lists(const void* handle, int32_t* ids, int32_t* offsets) {
  const Frame& frame = *static_cast<const Frame*>(handle);
  std::memcpy(ids, frame.ids.data(), sizeof(int32_t) * frame.intersections);
  std::memcpy(offsets, frame.offsets.data(), sizeof(int32_t) * frame.tiles());
}

}  // extern "C"
