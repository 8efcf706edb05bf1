// Before the first paint: dark where the reader chose it or, without a choice, where the system is dark.
{
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const paint = () => {
    root.dataset.bsTheme = root.dataset.theme || (dark.matches ? "dark" : "light");
  };
  paint();
  dark.addEventListener("change", paint);
}
