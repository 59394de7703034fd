#include "base/result/no_throw.hpp"

#include <exception>
#include <new>
#include <string>
#include <system_error>

namespace gitopsctl {

Error error_of_exception(std::string_view what) {
  const std::string name(what);
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return Error(ErrorCode::unavailable, "not enough memory for " + name)
        .with_hint("it is tried again; give the process more memory when it stays so");
  } catch (const std::system_error& error) {
    return Error(ErrorCode::unavailable, "the system refused what " + name + " needs: " + error.what())
        .with_hint("it is tried again; look at the limits of the process when it stays so");
  } catch (const std::exception& error) {
    return Error(ErrorCode::internal, name + " failed: " + error.what());
  } catch (...) {
    return Error(ErrorCode::internal, name + " failed without a reason");
  }
}

}  // namespace gitopsctl
