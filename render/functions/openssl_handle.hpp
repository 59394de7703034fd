#pragma once

#include <memory>

namespace gitopsctl::render {

/// Calls the library's own free function.
template <auto free_function>
struct Freer {
  template <class T>
  void operator()(T* object) const noexcept {
    free_function(object);
  }
};
template <class T, auto free_function>
using Handle = std::unique_ptr<T, Freer<free_function>>;

}  // namespace gitopsctl::render
