"use strict";
// Nothing is evaluated that stands in a page: the policy of its content forbids it, and htmx is told not to try.
