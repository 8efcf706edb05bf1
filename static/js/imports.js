// While a file is on its way its button says so, and can't be pressed twice.
{
  const form = document.querySelector("[data-upload]");
  form?.addEventListener("submit", () => {
    const button = form.querySelector("button[data-wait]");
    button.disabled = true;
    button.textContent = button.dataset.wait;
  });
}
