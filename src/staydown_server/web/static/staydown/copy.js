// Shows the button that copies the receipt code, where the browser can copy.
const button = document.querySelector("[data-copy]");
const receipt = document.querySelector("[data-receipt]");
if (button && receipt && navigator.clipboard) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(receipt.textContent.trim());
    button.textContent = button.dataset.copied;
  });
}
