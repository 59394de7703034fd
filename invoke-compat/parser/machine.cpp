#include "invoke-compat/parser/machine.hpp"

#include <algorithm>
#include <utility>

#include "invoke-compat/parser/values.hpp"
#include "invoke-compat/parser/words.hpp"
#include "invoke-compat/python_text/python_text.hpp"

namespace gitopsctl::invoke {
namespace {

Error usage(std::string line) { return {ErrorCode::invalid_input, std::move(line)}; }

class Machine {
 public:
  Machine(const ContextShape& core, const TaskContexts* tasks, bool store_unknown, const Rules& rules)
      : tasks_(tasks), store_unknown_(store_unknown), rules_(rules), core_(fresh_context(core, "")) {}

  ParseOutcome run(std::span<const std::string> words) {
    ParseOutcome out;
    const auto end = std::find(words.begin(), words.end(), "--");
    for (auto word = words.begin(); word != end && !error_; ++word) take({*word, false});
    if (!error_) close_context();
    for (auto word = end; word != words.end(); ++word) {
      if (word != end) out.remainder.append(word == end + 1 ? "" : " ").append(*word);
    }
    out.error = std::move(error_);
    out.unparsed = std::move(unparsed_);
    // What is ambiguous is of no context in the reference, whose completion then offers the core's flags.
    out.current = ambiguous_ ? core_ : current_ || done_.empty() ? context() : done_.back();
    out.contexts = std::move(done_);
    out.contexts.insert(out.contexts.begin(), std::move(core_));
    return out;
  }

 private:
  /// The flag that was seen last.
  struct LastFlag {
    bool of_core;
    std::size_t index;
    bool got_value;
  };

  ParsedContext& context() { return current_ ? *current_ : core_; }
  const Flag& flag_of_last() { return owner_of_last().shape->flags.all[last_->index]; }
  ParsedContext& owner_of_last() { return last_->of_core ? core_ : context(); }
  FlagValue& value_of_last() { return owner_of_last().values[last_->index]; }

  void fail(Error error) {
    if (!error_) error_ = std::move(error);
  }

  /// A word, and then the pieces that it was taken apart into, each of which may fall into more.
  void take(Word word) {
    std::vector<Word> waiting{std::move(word)};
    while (!waiting.empty() && !error_) {
      Word next = std::move(waiting.back());
      waiting.pop_back();
      if (looks_like_flag(next.text) && unparsed_.empty()) {
        auto split = split_word(next.text, [&](std::string_view flag) { return takes_attached_value(flag); });
        if (!split.pieces.empty() && may_split(split.first)) {
          waiting.insert(waiting.end(), std::make_move_iterator(split.pieces.rbegin()),
                         std::make_move_iterator(split.pieces.rend()));
          next.text = std::move(split.first);
        }
      }
      handle(next);
    }
  }

  bool takes_attached_value(std::string_view flag) {
    if (const auto index = context().shape->flags.find(flag)) return context().shape->flags.all[*index].takes_value();
    if (!rules_.attached_core_values) return false;
    const auto index = core_.shape->flags.find(flag);
    return index && core_.shape->flags.all[*index].takes_value();
  }

  /// What a flag waits for is taken as it is, unless the flag needs no value and this is another flag.
  bool may_split(std::string_view first) {
    return !waiting_for_value() || (flag_of_last().value_optional && context().shape->flags.find(first));
  }

  bool waiting_for_value() {
    if (!last_ || !flag_of_last().takes_value()) return false;
    return flag_of_last().kind == ArgumentKind::list ? !last_->got_value : !value_of_last().given;
  }

  std::vector<std::size_t> missing() {
    std::vector<std::size_t> out;
    const auto& flags = context().shape->flags.all;
    for (std::size_t i = 0; i < flags.size(); ++i) {
      if (flags[i].positional && context().values[i].value.is_nothing()) out.push_back(i);
    }
    return out;
  }

  void handle(const Word& word) {
    const auto& text = word.text;
    if (!unparsed_.empty()) {
      unparsed_.push_back(text);
      return;
    }
    const auto& flags = context().shape->flags;
    const auto& core_flags = core_.shape->flags;
    if (const auto index = flags.find(text)) {
      see_flag(text, {.of_core = !current_, .index = *index, .got_value = false}, true);
    } else if (const auto inverse = flags.find_inverse(text)) {
      see_flag(text, {.of_core = !current_, .index = *inverse, .got_value = false}, false);
    } else if (rules_.help_is_help && !word.attached && current_ && is_help(core_flags.find(text))) {
      ask_for_help();
    } else if (waiting_for_value()) {
      see_value(text);
    } else if (const auto lacks = missing(); !lacks.empty() && !goes_before_positionals(text)) {
      give(flags.all[lacks.front()], context().values[lacks.front()], text);
    } else if (const auto* task = tasks_ == nullptr ? nullptr : tasks_->find(text)) {
      close_context();
      current_ = fresh_context(*task, text);
    } else if (const auto core = core_flags.find(text)) {
      if (is_help(core)) {
        core_.values[*core] = {Value::string(context().shape->name), true};
      } else {
        see_flag(text, {.of_core = true, .index = *core, .got_value = false}, true);
      }
    } else if (store_unknown_) {
      close_context();
      if (!error_) unparsed_.push_back(text);
    } else {
      fail(usage("No idea what " + python_repr(text) + " is!"));
    }
  }

  bool is_help(std::optional<std::size_t> core_flag) {
    return core_flag && core_.shape->flags.all[*core_flag].attribute == "help";
  }

  bool goes_before_positionals(std::string_view text) {
    return rules_.core_flag_before_positional && core_.shape->flags.find(text).has_value();
  }

  /// Help is shown whatever else the task lacks.
  void ask_for_help() {
    last_.reset();
    context().help_asked = true;
    core_.values[*core_.shape->flags.find_attribute("help")] = {Value::string(context().shape->name), true};
  }

  void see_flag(std::string_view text, LastFlag flag, bool on) {
    check_ambiguity(text);
    close_flag();
    last_ = flag;
    if (!flag_of_last().takes_value()) give_toggle(flag_of_last(), value_of_last(), on);
  }

  void see_value(std::string_view text) {
    check_ambiguity(text);
    if (error_) return;
    give(flag_of_last(), value_of_last(), text);
    last_->got_value = true;
  }

  void give(const Flag& flag, FlagValue& target, std::string_view text) {
    if (auto done = give_text(flag, target, text); !done.ok()) fail(done.error());
  }

  void check_ambiguity(std::string_view text) {
    if (!last_ || !flag_of_last().value_optional || value_of_last().given) return;
    if (missing().empty() && (tasks_ == nullptr || tasks_->find(text) == nullptr)) return;
    ambiguous_ = true;
    fail(usage(python_repr(text) + " is ambiguous when given after an optional-value flag"));
  }

  /// The flag that was seen last gets no value any more.
  void close_flag() {
    // A list without a value is an empty one.
    if (last_ && flag_of_last().takes_value() && flag_of_last().kind != ArgumentKind::list && !value_of_last().given) {
      if (!flag_of_last().value_optional) {
        fail(usage("Flag " + flag_of_last().to_string() + " needed value and was not given one!"));
      } else {
        give_nothing(value_of_last());
      }
    }
    last_.reset();
  }

  void close_context() {
    close_flag();
    if (!current_) return;
    if (!current_->help_asked) {
      std::vector<std::string> names;
      for (const auto index : missing()) names.push_back(current_->shape->flags.all[index].attribute);
      if (!names.empty()) fail(missing_positionals(current_->shape->name, names));
    }
    if (error_) return;
    done_.push_back(std::move(*current_));
    current_.reset();
  }

  const TaskContexts* tasks_;
  bool store_unknown_;
  const Rules& rules_;
  ParsedContext core_;
  std::optional<ParsedContext> current_;  ///< nothing: the core
  std::optional<LastFlag> last_;
  std::vector<ParsedContext> done_;
  std::vector<std::string> unparsed_;
  std::optional<Error> error_;
  bool ambiguous_ = false;
};

bool too_long(std::span<const std::string> words) {
  std::size_t bytes = 0;
  for (const auto& word : words) bytes += word.size();
  return words.size() > max_words || bytes > max_word_bytes;
}

}  // namespace

ParseOutcome parse_words(std::span<const std::string> words, const ContextShape& core, const TaskContexts* tasks,
                         bool store_unknown, const Rules& rules) {
  if (!too_long(words)) return Machine(core, tasks, store_unknown, rules).run(words);
  ParseOutcome out;
  out.contexts.push_back(fresh_context(core, ""));
  out.current = out.contexts.front();
  out.error = Error(ErrorCode::too_large, "error: the command line is too long");
  return out;
}

}  // namespace gitopsctl::invoke
