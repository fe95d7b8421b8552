"""Searching in languages that put no spaces between words: pairs of neighbouring characters stand for words."""
import re

from sphinx.search.en import SearchEnglish

SIGNS = r"\u3040-\u30ff\u3400-\u9fff"       # Chinese characters and Japanese kana, as Python and JavaScript write them
RUN = re.compile(rf"[{SIGNS}]+|[^\W{SIGNS}]+")
SPLITTER = r"""
function splitQuery(query) {
  const found = [];
  for (const run of query.match(/[SIGNS]+|(?:(?![SIGNS])[\p{L}\p{N}_])+/gu) || []) {
    if (!/^[SIGNS]/.test(run) || run.length < 3) found.push(run);
    else for (let i = 0; i + 1 < run.length; i++) found.push(run.slice(i, i + 2));
  }
  return found.filter(term => term.length > 1);
}
""".replace("SIGNS", SIGNS)


class Pairs(SearchEnglish):
    """反向传播 is found as 反向, 向传 and 传播, in pages and in what is searched for; other words as in English."""

    lang = "pairs"
    language_name = "English"               # whose stemmer the page loads
    js_splitter_code = SPLITTER

    def split(self, input):
        found = []
        for run in RUN.findall(input):
            whole = not re.match(f"[{SIGNS}]", run) or len(run) < 3
            found += [run] if whole else [run[i:i + 2] for i in range(len(run) - 1)]
        return [word for word in found if len(word) > 1]        # else a page lacks them, and is not found
