"""Searching in languages that put no spaces between words: pairs of neighbouring characters stand for words."""
import re

from sphinx.search.en import SearchEnglish

RUN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]+|\w+")
SPLITTER = """
function splitQuery(query) {
  const found = [];
  for (const run of query.match(/[\\u3040-\\u30ff\\u3400-\\u9fff]+|[\\p{L}\\p{N}_]+/gu) || []) {
    if (!/^[\\u3040-\\u9fff]/.test(run) || run.length < 3) found.push(run);
    else for (let i = 0; i + 1 < run.length; i++) found.push(run.slice(i, i + 2));
  }
  return found;
}
"""


class Pairs(SearchEnglish):
    """反向传播 is found as 反向, 向传 and 传播, in pages and in what is searched for; other words as in English."""

    lang = "pairs"
    language_name = "English"               # whose stemmer the page loads
    js_splitter_code = SPLITTER

    def split(self, input):
        found = []
        for run in RUN.findall(input):
            spaced = run[0] < "\u3040" or run[0] > "\u9fff" or len(run) < 3
            found += [run] if spaced else [run[i:i + 2] for i in range(len(run) - 1)]
        return found

    def word_filter(self, word):
        return len(word) > 1 and super().word_filter(word) or len(word) == 2
