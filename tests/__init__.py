"""The tests. What they share lies in `helpers`; `README.md` says where."""

import pytest

pytest.register_assert_rewrite("tests.helpers")  # an assertion that fails there tells why, as in a test
