# Writes a C++ source that holds files as bytes, so that the program carries them:
#   cmake -DROOT=DIR -DOUTPUT=FILE -P embed.cmake
# The source defines gitopsctl::agent::demo::demo_files().
file(GLOB_RECURSE files RELATIVE "${ROOT}" "${ROOT}/*")
list(SORT files)
set(text "#include \"agent/demo/demo_files.hpp\"\n\nnamespace gitopsctl::agent::demo {\n\nnamespace {\n\n")
set(table "")
set(number 0)
foreach(file IN LISTS files)
  file(READ "${ROOT}/${file}" hex HEX)
  string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${hex}")
  string(APPEND text "constexpr char file_${number}[] = {${bytes}'\\0'};\n")
  string(APPEND table "    {\"${file}\", {static_cast<const char*>(file_${number}), sizeof(file_${number}) - 1}},\n")
  math(EXPR number "${number} + 1")
endforeach()
string(APPEND text "\nconstexpr EmbeddedFile files[] = {\n${table}};\n\n}  // namespace\n\n"
  "std::span<const EmbeddedFile> demo_files() noexcept { return files; }\n\n}  // namespace gitopsctl::agent::demo\n")
file(WRITE "${OUTPUT}" "${text}")
