#include "render/template/complex.hpp"

#include <cmath>
#include <string>

#include "base/text/go_format.hpp"

namespace gitopsctl::render::detail {
namespace {

class ComplexObject final : public ValueObject {
 public:
  ComplexObject(double real, double imaginary) : real_(real), imaginary_(imaginary) {}
  std::string_view go_type() const override { return "complex128"; }
  std::string_view go_kind() const override { return "complex128"; }
  std::string print() const override {
    std::string imaginary = go_format_float(imaginary_);
    if (!imaginary.starts_with('-') && !imaginary.starts_with('+')) imaginary.insert(0, "+");
    return "(" + go_format_float(real_) + imaginary + "i)";
  }
  bool field(std::string_view /*name*/, Value& /*out*/) const override { return false; }
  /// Real and imaginary part, as go_format expects them.
  Value to_plain() const override { return Value::list({Value::float64(real_), Value::float64(imaginary_)}); }
  bool truth() const override { return real_ != 0 || imaginary_ != 0; }

 private:
  double real_;
  double imaginary_;
};

}  // namespace

Value make_complex(double real, double imaginary) { return Value::object(new ComplexObject(real, imaginary)); }

}  // namespace gitopsctl::render::detail
