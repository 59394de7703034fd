#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result/result.hpp"
#include "base/value/value.hpp"

namespace gitopsctl::render {

class Evaluator;  // render/template/evaluator.hpp

/// The Go type that a template function declares for a parameter. The evaluator converts literals and refuses values by
/// Go's rules before the function is called, so a function may rely on the kinds listed here.
enum class ParamType : std::uint8_t {
  any,          ///< interface{}: absent arrives as null
  string,       ///< Kind::string
  integer,      ///< Go int: Kind::integer
  int64,        ///< Go int64: Kind::int64
  float64,      ///< Kind::float64
  boolean,      ///< Kind::boolean
  map,          ///< map[string]interface {}: Kind::map of type any or values, may be nil
  list,         ///< []interface {}: Kind::list of type any, may be nil
  time,         ///< time.Time: a TimeObject
  uint32,       ///< Go uint32: no value of a chart has that type, so only a literal will do; arrives as Kind::integer
  certificate,  ///< sprig.certificate: what `genCA` and its like give
  operand,      ///< reflect.Value, for Go's own functions only: absent stays absent, a nil interface is null
};

struct CallContext {
  Evaluator& evaluator;  ///< for functions that render (`include`, `tpl`) or need the inputs of the render
};

using FunctionBody = Result<Value> (*)(CallContext& context, std::span<const Value> arguments);

/// One row of a function table. An Error returned by `body` becomes `error calling NAME: MESSAGE`.
struct Function {
  std::string_view name;
  FunctionBody body = nullptr;
  std::span<const ParamType> parameters;  ///< of a variadic function the last one is the type of every further argument
  bool variadic = false;
  bool pure = true;  ///< same arguments, same result, no change to anything: may be folded
};

/// A set of functions by name; immutable once built, thread-safe. Later tables win.
class FunctionTable {
 public:
  /// The rows must outlive the table (they are static arrays).
  explicit FunctionTable(std::span<const std::span<const Function>> tables);
  ~FunctionTable();
  FunctionTable(FunctionTable&&) noexcept;
  FunctionTable& operator=(FunctionTable&&) noexcept;
  /// nullptr when there is none.
  [[nodiscard]] const Function* find(std::string_view name) const noexcept;
  /// All names in bytewise order.
  [[nodiscard]] std::span<const std::string_view> names() const noexcept;
  /// Differs between any two tables that were ever built in this process.
  [[nodiscard]] std::uint64_t id() const noexcept;

 private:
  struct Index;
  Index* index_;
};

}  // namespace gitopsctl::render
