"""The model's WordPiece tokenizer: counts, encodings, and which words it knows.

Calls take microseconds and release nothing, so they may run on the event loop.
"""

from collections.abc import Sequence

from tokenizers import Encoding, Tokenizer

from servicekit.embedding.assets import tokenizer_json

#: What the model reads of a text; the rest is cut off. Includes the two tokens that mark start and end.
MAX_TOKENS = 256


class WordPieces:
    """The tokenizer that belongs to the embedding model."""

    def __init__(self, source: str) -> None:
        """`source` is the JSON of a `tokenizers` tokenizer."""
        self._counting = Tokenizer.from_str(source)
        self._counting.no_padding()
        self._counting.no_truncation()
        self._encoding = Tokenizer.from_str(source)
        self._encoding.enable_truncation(max_length=MAX_TOKENS)
        self._encoding.enable_padding(pad_id=0, pad_token="[PAD]")  # noqa: S106 - a token of text, not a secret

    @classmethod
    def load(cls) -> "WordPieces":
        """The pinned tokenizer. Raises `AssetError`."""
        return cls(tokenizer_json())

    def count(self, text: str) -> int:
        """How many tokens `text` has, without the start and end marks."""
        return len(self._counting.encode(text, add_special_tokens=False).ids)

    def knows(self, word: str) -> bool:
        """Whether `word` is one entry of the vocabulary: a common English word rather than a typing error."""
        return self._counting.token_to_id(word.lower()) is not None

    def words(self) -> list[str]:
        """The entries of the vocabulary that are whole words of plain letters: common English words and names."""
        return [word for word in self._counting.get_vocab() if word.isascii() and word.isalpha()]

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        """Encodings of all `texts`, cut at `MAX_TOKENS` and padded to the longest of them."""
        return self._encoding.encode_batch(list(texts))
