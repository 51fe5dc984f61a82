/// What people write who know another language, and what it is called here.
enum CELForeignWords {
  /// Signs that no expression can have, the longest first, with how to say it.
  static let signs: [(sign: String, advice: String)] = [
    ("===", "to compare, write '=='"), ("!==", "for \"is not\", write '!='"), ("<>", "for \"is not\", write '!='"),
    ("=<", "for \"at most\", write '<='"), ("=>", "for \"at least\", write '>='; in a macro, write a comma, as in tags.exists(tag, tag == \"new\")"),
    ("=~", "for a regular expression, write title.matches(\"…\")"), ("??", "for a value that may be missing, write has(title) ? title : \"\""),
    ("++", "to add one, write '+ 1'"), ("**", "there is no power of numbers"), ("/*", "a comment begins with '//' and ends with its line"),
    ("=", "to compare, write '=='"), ("&", "for \"and\", write '&&'"), ("|", "for \"or\", write '||'"),
    ("~", "for a regular expression, write title.matches(\"…\")"), ("^", "for bits, write math.bitXor(a, b)"),
    (";", "an expression is one condition; to join two, write '&&'"), ("#", "a comment begins with '//'"), ("$", "names are written without it"),
    ("\u{201C}", "a string is written in straight quotation marks, \"so\""), ("\u{201D}", "a string is written in straight quotation marks, \"so\""),
    ("\u{2018}", "a string is written in straight quotation marks, 'so'"), ("\u{2019}", "a string is written in straight quotation marks, 'so'"),
  ]

  /// For a word that stands where an operator must, what to write; by the word in small letters.
  static let operators: [String: String] = [
    "and": "for \"and\", write '&&'", "or": "for \"or\", write '||'", "not": "for \"is not in\", write !(status in [\"a\", \"b\"])",
    "is": "to compare, write '=='; with nothing, '== null'", "in": "'in' is written in small letters",
    "like": "write title.contains(\"…\"), title.startsWith(\"…\") or title.matches(\"…\")",
    "ilike": "write title.lowerAscii().contains(\"…\")", "matches": "write title.matches(\"…\")", "contains": "write title.contains(\"…\")",
    "startswith": "write title.startsWith(\"…\")", "endswith": "write title.endsWith(\"…\")",
    "between": "write likes >= 1 && likes <= 5", "exists": "write has(title)", "eq": "write '=='", "ne": "write '!='", "lt": "write '<'",
    "le": "write '<='", "gt": "write '>'", "ge": "write '>='", "equals": "write '=='", "xor": "write '!='", "instanceof": "write type(x) == string",
    "then": "write condition ? one : other", "else": "write condition ? one : other", "mod": "write '%'",
  ]

  /// For a word that stands before a value as if it were an operator, what to write.
  static let prefixes: [String: String] = [
    "not": "for \"not\", write '!'", "typeof": "write type(x)", "exists": "write has(title)", "new": "values are written without it",
    "exclude": "for \"not\", write '!'", "where": "an expression begins with its condition", "select": "an expression is only the condition",
  ]

  /// For words of other languages that are reserved, what to write.
  static let reserved: [String: String] = [
    "if": "for a choice, write condition ? one : other", "else": "for a choice, write condition ? one : other",
    "return": "an expression is its own answer, without it", "let": "to name a value, write cel.bind(x, value, expression)",
    "var": "to name a value, write cel.bind(x, value, expression)", "const": "to name a value, write cel.bind(x, value, expression)",
    "for": "for a list, write tags.all(tag, …) or tags.exists(tag, …)", "while": "for a list, write tags.all(tag, …) or tags.exists(tag, …)",
    "function": "there are none of one's own; for a list, write tags.exists(tag, …)",
  ]

  /// Names that are constants elsewhere, and the constant that is meant.
  static let constants: [String: String] = [
    "undefined": "null", "nil": "null", "None": "null", "NULL": "null", "Null": "null", "True": "true", "TRUE": "true", "False": "false", "FALSE": "false",
  ]

  /// Functions by the names they have elsewhere, in small letters, and how they are written here.
  static let functions: [String: String] = [
    "length": "size(x)", "len": "size(x)", "count": "size(x)", "isempty": "size(x) == 0", "empty": "size(x) == 0",
    "includes": "x.contains(\"…\") for a string, \"…\" in x for a list", "has": "\"…\" in x for a list, has(x.field) for a field",
    "tolowercase": "x.lowerAscii()", "tolower": "x.lowerAscii()", "lower": "x.lowerAscii()", "lowercase": "x.lowerAscii()",
    "touppercase": "x.upperAscii()", "toupper": "x.upperAscii()", "upper": "x.upperAscii()", "uppercase": "x.upperAscii()",
    "some": "x.exists(name, condition)", "any": "x.exists(name, condition)", "find": "x.filter(name, condition)", "every": "x.all(name, condition)",
    "foreach": "x.all(name, condition)", "exists": "x.exists(name, condition) for a list, has(field) for a field",
    "match": "x.matches(\"…\")", "test": "x.matches(\"…\")", "regex": "x.matches(\"…\")", "regexmatch": "x.matches(\"…\")", "like": "x.contains(\"…\")",
    "now": "request.time", "tostring": "string(x)", "str": "string(x)", "toint": "int(x)", "parseint": "int(x)", "number": "double(x)",
    "parsefloat": "double(x)", "float": "double(x)", "boolean": "bool(x)", "typeof": "type(x)", "strip": "x.trim()", "concat": "a + b",
    "min": "math.least(a, b)", "max": "math.greatest(a, b)", "abs": "math.abs(x)", "round": "math.round(x)", "floor": "math.floor(x)",
    "ceil": "math.ceil(x)", "sqrt": "math.sqrt(x)", "pow": "x * x", "coalesce": "has(x) ? x : y", "ifnull": "x == null ? y : x", "isnull": "x == null",
    "isset": "has(field)", "defined": "has(field)", "date": "timestamp(x)",
    "datetime": "timestamp(x)", "not": "!x", "year": "x.getFullYear()", "month": "x.getMonth()", "reduce": "x.map(name, result) or math.greatest(x)",
  ]
}
