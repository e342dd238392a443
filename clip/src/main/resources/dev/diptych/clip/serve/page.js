// The page: it holds the chosen picture, a key of the index or a file of the user's, and asks the
// server about it. All text goes into the page as text, never as markup.
'use strict';

const $ = id => document.getElementById(id);
let chosen = null; // {key} or {file}, with a name

function say(text, isError = false) {
  $('message').textContent = text;
  $('message').className = isError ? 'error' : '';
}

async function ask(address, parameters, file) {
  const query = new URLSearchParams(parameters).toString();
  const response = await fetch(`${address}?${query}`, {method: 'POST', body: file ?? null});
  if (!response.ok) {
    throw new Error(await response.text());
  }
  return response;
}

async function attempt(work) {
  document.body.setAttribute('aria-busy', 'true');
  say('…');
  try {
    say(await work() ?? '');
  } catch (error) {
    say(error.message, true);
  } finally {
    document.body.removeAttribute('aria-busy');
  }
}

const pictureAddress = (key, size) => '/picture?' + new URLSearchParams({key, size});

function showResults(answer) {
  $('results').replaceChildren(...answer.hits.map(hit => {
    const button = document.createElement('button');
    button.type = 'button';
    button.dataset.key = hit.key;
    button.title = hit.key;
    const image = document.createElement('img');
    image.src = pictureAddress(hit.key, 256);
    image.alt = hit.key;
    image.loading = 'lazy';
    const caption = document.createElement('small');
    caption.textContent = `${hit.score.toFixed(3)}  ${hit.key}`;
    button.append(image, caption);
    button.addEventListener('click', () => choose({key: hit.key, name: hit.key}));
    return button;
  }));
  return `${answer.hits.length} of ${answer.pictures} pictures, ${answer.search} search`;
}

function showPicture(source) {
  const picture = $('picture');
  if (picture.src.startsWith('blob:')) {
    URL.revokeObjectURL(picture.src);
  }
  picture.src = source;
}

function choose(picture) {
  chosen = picture;
  $('chosen').hidden = false;
  $('name').textContent = picture.name;
  $('classes').replaceChildren();
  showPicture(picture.file ? URL.createObjectURL(picture.file) : pictureAddress(picture.key, 512));
  if ($('what').value === '') {
    $('what').value = $('text').value;
  }
}

const ofChosen = parameters => chosen.key ? {...parameters, key: chosen.key} : parameters;

function searchLikeChosen() {
  return attempt(async () =>
      showResults(await (await ask('/api/search', ofChosen({}), chosen.file)).json()));
}

function takeFile(file) {
  if (!file) {
    return;
  }
  choose({file, name: file.name});
  searchLikeChosen();
}

$('search').addEventListener('submit', event => {
  event.preventDefault();
  attempt(async () => {
    const parameters = {text: $('text').value, without: $('without').value};
    return showResults(await (await ask('/api/search', parameters)).json());
  });
});

$('where').addEventListener('submit', event => {
  event.preventDefault();
  attempt(async () => {
    const parameters = ofChosen({text: $('what').value});
    const response = await ask('/api/heatmap', parameters, chosen.file);
    showPicture(URL.createObjectURL(await response.blob()));
    return `where the model sees “${$('what').value}”`;
  });
});

$('classify').addEventListener('submit', event => {
  event.preventDefault();
  attempt(async () => {
    const parameters = ofChosen({labels: $('labels').value});
    const answer = await (await ask('/api/classify', parameters, chosen.file)).json();
    $('classes').replaceChildren(...answer.predictions.map(prediction => {
      const row = document.createElement('tr');
      const percent = document.createElement('td');
      percent.textContent = `${(100 * prediction.probability).toFixed(1)} %`;
      const bar = document.createElement('td');
      const meter = document.createElement('meter');
      meter.value = prediction.probability;
      bar.append(meter);
      const label = document.createElement('td');
      label.textContent = prediction.label;
      row.append(percent, bar, label);
      return row;
    }));
  });
});

$('alike').addEventListener('click', searchLikeChosen);
$('file').addEventListener('change', event => takeFile(event.target.files[0]));

for (const name of ['dragenter', 'dragover']) {
  document.addEventListener(name, event => {
    event.preventDefault();
    $('drop').classList.add('over');
  });
}
document.addEventListener('dragleave', () => $('drop').classList.remove('over'));
document.addEventListener('drop', event => {
  event.preventDefault();
  $('drop').classList.remove('over');
  takeFile(event.dataTransfer.files[0]);
});

attempt(async () => {
  const about = await (await fetch('/api/about')).json();
  $('about').textContent = `${about.pictures} pictures · ${about.model}`;
});
