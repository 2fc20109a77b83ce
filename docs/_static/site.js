// Widgets ask the body, as in JupyterLab, whether the theme is light.
addEventListener("DOMContentLoaded", () => {
  const root = document.documentElement;
  const tell = () => {
    document.body.dataset.jpThemeLight = String(root.dataset.theme !== "dark");
  };
  new MutationObserver(tell).observe(root, { attributes: true, attributeFilter: ["data-theme"] });
  tell();
});
