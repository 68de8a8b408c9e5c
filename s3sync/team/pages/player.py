"""Style and script of a review page: players that say what they cannot play, and waveforms that follow."""

STYLE = """
section > h2 { margin: 2rem 0 .75rem; font-size: 1.2rem; }
.cards { display: grid; gap: 1rem; grid-template-columns: minmax(0, 1fr); }
.picture .cards { grid-template-columns: repeat(auto-fill, minmax(min(100%, 18rem), 1fr)); align-items: start; }
.card {
  padding: 1rem; border: 1px solid var(--line); border-radius: .75rem; background: var(--sheet); min-width: 0;
}
.card h3 { margin: 0 0 .75rem; font-size: 1rem; font-weight: 600; }
.card video, .card img {
  display: block; width: 100%; max-height: 75vh; border-radius: .4rem; background: #000; object-fit: contain;
}
.card video { min-height: 9rem; }
.card audio { display: block; width: 100%; margin-top: .5rem; }
.wave { display: block; width: 100%; height: 5rem; cursor: pointer; color: var(--faint); touch-action: manipulation; }
.wave path { fill: none; stroke: currentColor; stroke-width: .7; }
.wave .played { color: var(--accent); }
.told { margin: .75rem 0 0; }
.foot { display: flex; flex-wrap: wrap; gap: .75rem; align-items: center; justify-content: space-between;
  margin: .75rem 0 0; color: var(--faint); font-size: .9rem; }
"""

SCRIPT = """
{
  const tell = (card, words) => {
    const told = card.querySelector(".told");
    if (words) told.textContent = words;
    told.hidden = false;
  };
  const failed = (media, card) => {
    const ended = document.documentElement.classList.contains("has-ended");
    tell(card, ended ? "This could not be loaded: the page has ended." : "");
  };
  for (const film of document.querySelectorAll("video")) {
    const card = film.closest(".card");
    const loaded = () => {
      if (film.videoWidth > 0) card.querySelector(".told").hidden = true; else tell(card);
    };
    film.addEventListener("error", () => failed(film, card));
    film.addEventListener("loadedmetadata", loaded);
    if (film.error) failed(film, card);
    else if (film.readyState > 0) loaded();
  }
  for (const sound of document.querySelectorAll("audio")) {
    const card = sound.closest(".card"), wave = card.querySelector(".wave");
    sound.addEventListener("error", () => failed(sound, card));
    if (sound.error) failed(sound, card);
    if (!wave) continue;
    const played = wave.querySelector(".played"), columns = wave.viewBox.baseVal.width;
    const follow = () => {
      const share = sound.duration > 0 ? sound.currentTime / sound.duration : 0;
      played.setAttribute("width", (columns * share).toFixed(2));
    };
    for (const event of ["timeupdate", "seeked", "ended"]) sound.addEventListener(event, follow);
    wave.addEventListener("click", (event) => {
      const box = wave.getBoundingClientRect();
      if (!(sound.duration > 0)) return;
      sound.currentTime = sound.duration * Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
      follow();
    });
  }
  for (const picture of document.querySelectorAll("a > img")) {
    const card = picture.closest(".card");
    const hide = () => { failed(picture, card); picture.parentElement.hidden = true; };
    picture.addEventListener("error", hide);
    if (picture.complete && !picture.naturalWidth && picture.currentSrc) hide();
  }
}
"""
