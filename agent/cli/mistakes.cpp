#include "agent/cli/mistakes.hpp"

namespace gitopsctl::agent::cli {

Value mistake_value(const Error& error) {
  return make_map({{"file", Value::string(error.where().file)},
                   {"line", Value::int64(error.where().line)},
                   {"column", Value::int64(error.where().column)},
                   {"code", Value::string(code_name(error.code()))},
                   {"message", Value::string(error.message())},
                   {"hint", Value::string(error.hint())}});
}

}  // namespace gitopsctl::agent::cli
