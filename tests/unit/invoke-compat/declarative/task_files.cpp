#include "tests/unit/invoke-compat/declarative/task_files.hpp"

namespace gitopsctl::tests {

const std::vector<TaskFileMistake>& task_file_mistakes() {
  static const std::vector<TaskFileMistake> mistakes{
      // The file.
      {"taks: {}", "3:1: unknown key 'taks'"},
      {"tasks: []", "3:8: 'tasks' must be a map, not a list"},
      {"help: 3", "3:7: 'help' must be a text, not a number"},
      {"default: ''", "3:10: 'default' is empty"},
      {"config: [a]", "3:9: 'config' must be a map, not a list"},
      {"settings: {autoshort: true}", "3:12: unknown key 'autoshort'"},
      {"settings: {dedupe: 'yes'}", "3:20: 'dedupe' must be true or false, not a text"},
      {"include: [{file: a.yaml}]", "3:11: missing key 'as'"},
      {"include: [{file: a.yaml, as: a.b}]", "3:30: 'a.b' cannot be a name"},
      {"tasks: {a b: {}}", "3:9: 'a b' cannot be a name"},
      {"tasks: {-a: {}}", "3:9: '-a' cannot be a name"},
      {"tasks: {a.b: {}}", "3:9: 'a.b' cannot be a name"},
      {"namespaces: {a: {settings: {}}}", "3:18: unknown key 'settings'"},
      {"namespaces: {a: {namespaces: {b: {taks: {}}}}}", "3:35: unknown key 'taks'"},
      {"namespaces: {é: {}}", "3:14: 'é' cannot be a name"},
      // Tasks.
      {" stesp: []", "5:5: unknown key 'stesp'"},
      {" aliases: [a b]", "5:15: 'a b' cannot be a name"},
      {" aliases: a", "5:14: 'aliases' must be a list, not a text"},
      {" pre: [3]", "5:11: item 1 of 'pre' must be a text or a map, not a number"},
      {" pre: [{args: {}}]", "5:11: missing key 'task'"},
      {" pre: [{task: t, arg: {}}]", "5:21: unknown key 'arg'"},
      // Arguments.
      {" args: [{help: x}]", "5:12: missing key 'name'"},
      {" args: [{name: 1x}]", "5:19: '1x' cannot be the name of an argument"},
      {" args: [{name: a, kind: string}]", "5:28: 'kind' cannot be 'string'"},
      {" args: [{name: a, kind: int, default: x}]", "5:42: the default of 'a' must be a whole number, not a text"},
      {" args: [{name: a, kind: int, default: 1.5}]", "5:42: the default of 'a' must be a whole number, not a number"},
      {" args: [{name: a, kind: str, default: 4}]", "5:42: the default of 'a' must be a text, not a number"},
      {" args: [{name: a, kind: float, default: x}]", "5:44: the default of 'a' must be a number, not a text"},
      {" args: [{name: a, kind: bool, default: 0}]", "5:43: the default of 'a' must be true or false, not a number"},
      {" args: [{name: a, kind: count, default: -1}]", "5:44: the default of 'a' must be a whole number from 0 on"},
      {" args: [{name: a, kind: list, default: x}]", "5:43: the default of 'a' must be a list of texts, not a text"},
      {" args: [{name: a, kind: list, default: [1]}]", "5:43: the default of 'a' must be a list of texts, not a list"},
      {" args: [{name: a, kind: int, choices: [1, x]}]", "5:46: a choice of 'a' must be a whole number, not a text"},
      {" args: [{name: a, choices: []}]", "5:31: 'choices' is empty"},
      {" args: [{name: a, short: ab}]", "5:29: 'short' must be one letter or digit, or false"},
      {" args: [{name: a, short: true}]", "5:29: 'short' must be one letter or digit, or false"},
      {" args: [{name: a, short: 1}]", "5:29: 'short' must be one letter or digit, or false"},
      {" args: [{name: a, kind: bool, optionalValue: true}]", "5:49: an argument of this kind has no value to leave out"},
      {" args: [{name: a, kind: list, optionalValue: true}]", "5:49: an argument of this kind has no value to leave out"},
      {" args: [{name: a, kind: count, positional: true}]", "5:47: an argument of this kind takes no value"},
      // Steps.
      {" steps: [{echo: true}]", "5:13: a step needs one of: run, exec, sudo, print, call, use, exit, parallel"},
      {" steps: [echo hi]", "5:13: item 1 of 'steps' must be a map, not a text"},
      {" steps: [{run: a, print: b}]", "5:22: a step does one thing, and this is its second"},
      {" steps: [{run: a, shel: b}]", "5:22: unknown key 'shel'"},
      {" steps: [{run: ''}]", "5:19: 'run' is empty"},
      {" steps: [{exec: ls}]", "5:20: 'exec' must be a list, not a text"},
      {" steps: [{exec: []}]", "5:20: 'exec' is empty"},
      {" steps: [{exec: [ls, 3]}]", "5:25: item 2 of 'exec' must be a text, not a number"},
      {" steps: [{exec: [ls], shell: bash}]", "5:26: 'shell' means nothing with 'exec'"},
      {" steps: [{exec: [ls], prefix: [a]}]", "5:26: 'prefix' means nothing with 'exec'"},
      {" steps: [{run: a, user: root}]", "5:22: 'user' means nothing with 'run'"},
      {" steps: [{print: a, timeout: 3s}]", "5:24: 'timeout' means nothing with 'print'"},
      {" steps: [{print: a, id: x}]", "5:24: 'id' means nothing with 'print'"},
      {" steps: [{run: a, with: {}}]", "5:22: 'with' means nothing with 'run'"},
      {" steps: [{run: a, timeout: 30}]", "5:31: 'timeout' must be a duration, not a number"},
      {" steps: [{run: a, retries: -1}]", "5:31: 'retries' must be between 0 and 100"},
      {" steps: [{run: a, hide: all}]",
       "5:28: 'hide' must be true, false, out, stdout, err, stderr, both, or an expression"},
      {" steps: [{run: a, env: {A: 1}}]", "5:31: 'A' must be a text, not a number"},
      {" steps: [{run: a, env: {A-B: x}}]", "5:28: 'A-B' cannot be the name of a variable"},
      {" steps: [{run: a, echo: 'yes'}]", "5:28: 'echo' must be true or false, not a text"},
      {" steps: [{run: a, id: 1x}]", "5:26: '1x' cannot be the id of a step"},
      {" steps: [{run: a, when: true}]", "5:28: 'when' must be a text, not true or false"},
      {" steps: [{run: a, responses: [{match: x}]}]", "5:34: missing key 'send'"},
      {" steps: [{exit: {code: 256}}]", "5:27: 'code' must be a whole number from 0 to 255, or an expression"},
      {" steps: [{exit: {code: three}}]", "5:27: 'code' must be a whole number from 0 to 255, or an expression"},
      {" steps: [{exit: 3}]", "5:20: 'exit' must be a map, not a number"},
      {" steps: [{use: diff}]", "5:19: 'diff' cannot be a built-in task"},
      {" steps: [{parallel: []}]", "5:24: 'parallel' is empty"},
      {" steps: [{parallel: [{exit: {}}]}]", "5:26: 'exit' cannot stand in 'parallel'"},
      {" steps: [{parallel: [{parallel: [{run: a}]}]}]", "5:26: 'parallel' cannot stand in 'parallel'"},
      {" steps: [{parallel: [{run: a, user: b}]}]", "5:34: 'user' means nothing with 'run'"},
      {" finally: [{rum: a}]", "5:15: a step needs one of"},
  };
  return mistakes;
}

std::string with_head(std::string_view text) {
  std::string out = "apiVersion: gitopsctl.dev/v1\nkind: Tasks\n";
  if (text.starts_with(' ')) out += "tasks:\n  t:\n   ";
  return out + std::string(text) + "\n";
}

}  // namespace gitopsctl::tests
