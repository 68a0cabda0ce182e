"use strict";
// Controls that only work with scripts are hidden until this line.
document.documentElement.classList.add("scripts");
