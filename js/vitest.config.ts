import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    dir: "js/tests",
    environment: "jsdom",
    setupFiles: ["js/tests/setup.ts"],
  },
});
