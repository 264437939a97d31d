"""python -m unittest, in this folder."""

import unittest

from bestrun_training.observed import observe, with_observed


class ObservedTest(unittest.TestCase):
    def test_numbers_have_bounds_percentiles_and_a_mean(self):
        rows = [{"age": age} for age in range(101)] + [{}]

        seen = observe(rows, {"properties": {"age": {"type": "number"}}})["age"]

        expected = {"minimum": 0, "maximum": 100, "p01": 1, "p99": 99, "mean": 50, "missing": 0.009804}
        self.assertEqual(seen, expected)

    def test_categories_have_their_values(self):
        rows = [{"sex": "M", "pclass": 3}, {"sex": "F", "pclass": 1}]

        properties = {"sex": {"type": "string"}, "pclass": {"type": "integer", "enum": [1, 2, 3]}}
        seen = observe(rows, {"properties": properties})

        self.assertEqual(seen, {"sex": {"missing": 0, "values": ["F", "M"]}, "pclass": {"missing": 0, "values": [1, 3]}})

    def test_free_texts_have_none(self):
        seen = observe([{"text": str(number)} for number in range(1000)], {"properties": {"text": {"type": "string"}}})

        self.assertEqual(seen, {"text": {"missing": 0}})

    def test_of_lists_all_numbers_count(self):
        rows = [{"pixels": [[0, 16], [4, None]]}, {"pixels": [[8, 2], [1, 1]]}]
        numbers = {"type": "array", "items": {"type": "array", "items": {"type": "number"}}}

        seen = observe(rows, {"properties": {"pixels": numbers}})["pixels"]

        self.assertEqual((seen["minimum"], seen["maximum"], seen["missing"]), (0, 16, 0))
        self.assertEqual(seen["mean"], 4.571429)

    def test_of_alternatives_no_row_misses_the_others_and_images_are_left_out(self):
        schema = {
            "properties": {"image": {"type": "string", "format": "image"}, "size": {"type": "number"}},
            "oneOf": [{"required": ["image"]}, {"required": ["size"]}],
        }

        seen = observe([{"size": 1}, {"size": 3}], schema)

        self.assertEqual(list(seen), ["size"])
        self.assertNotIn("missing", seen["size"])

    def test_the_signature_keeps_the_rest(self):
        signature = {"input": {"properties": {"a": {"type": "number"}}}, "output": {}}

        self.assertEqual(
            with_observed(signature, {"a": {"missing": 0}}),
            {"input": {"properties": {"a": {"type": "number", "x-observed": {"missing": 0}}}}, "output": {}},
        )


if __name__ == "__main__":
    unittest.main()
