"""Answers of the lesson's own function, so that training and server clean alike. Run: python -m unittest."""

import unittest

from bestrun_training.text_cleaning import STOPWORDS, clean_text

GOLDEN = {
    "Generative adversarial networks in both PyTorch and TensorFlow.": "generative adversarial networks pytorch tensorflow",
    "Transfer learning with transformers for self-supervised learning.": "transfer learning transformers self supervised learning",
    "Transformers have revolutionized the ML field.": "transformers revolutionized ml field",
    "Transfer learning with BERT!": "transfer learning bert",
    "The and of": "",
    "   ": "",
    "C++ and R&D: what's new in 2021?": "c r new 2021",
    "See https://madewithml.com for more": "see  com",
    "Don't stop": "stop",
    "Node.js vs. Go/Rust": "node js vs gorust",
    "a.b,c": "b c",
    "GPT-3 isn't AGI": "gpt 3 agi",
    "état de l'art über naïve": "tat de lart ber na ve",
    "日本語 text": "text",
}


class CleanText(unittest.TestCase):
    def test_has_the_179_stop_words_of_2021(self):
        self.assertEqual(len(set(STOPWORDS)), 179)

    def test_gives_the_answers_of_the_lesson(self):
        for text, expected in GOLDEN.items():
            with self.subTest(text=text):
                self.assertEqual(clean_text(text), expected)


if __name__ == "__main__":
    unittest.main()
