# Writes a C++ source that holds the files of a directory as bytes, so that the program carries them:
#   cmake -DROOT=DIR -DOUTPUT=FILE -DHEADER=HEADER -DNAMESPACE=NAMESPACE -DFUNCTION=NAME -P embed.cmake
# The source defines NAMESPACE::NAME(), which HEADER declares: std::span<const EmbeddedFile>, sorted by path.
file(GLOB_RECURSE files RELATIVE "${ROOT}" "${ROOT}/*")
list(SORT files)
set(text "#include \"${HEADER}\"\n\nnamespace ${NAMESPACE} {\n\nnamespace {\n\n")
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
  "std::span<const EmbeddedFile> ${FUNCTION}() noexcept { return files; }\n\n}  // namespace ${NAMESPACE}\n")
file(WRITE "${OUTPUT}" "${text}")
