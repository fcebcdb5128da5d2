"""The words of the synthetic market: places, people, products, suppliers and rivals, all invented.

The one rule: tables only; whatever depends on the seed lives elsewhere.
"""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """A store: name, manager, and its size against an ordinary one."""

    name: str
    manager: str
    size: float


class Range(NamedTuple):
    """A category and how its supplier delivers it.

    `weekly` are the demand factors of Monday to Sunday; `waste` is the chance that a day ends with a spoilt unit.
    """

    category: str
    supplier: str
    lead_time_days: int
    order_weekdays: tuple[int, ...]
    pack_multiple: int
    shelf_life_days: int
    weekly: tuple[float, ...]
    waste: float


class Item(NamedTuple):
    """A product: its range, name, brand, pack and price in soles."""

    range: str
    name: str
    brand: str
    pack_size: float
    pack_unit: str
    price: float


PLACES: tuple[Place, ...] = (
    Place("Miraflores", "Rosa Quispe", 1.15),
    Place("Santiago de Surco", "Luis Huamán", 1.0),
    Place("Los Olivos", "Carmen Flores", 0.85),
    Place("San Borja", "Jorge Paredes", 1.05),
    Place("Pueblo Libre", "Milagros Rojas", 0.8),
    Place("La Molina", "Víctor Salazar", 0.95),
    Place("Callao", "Elena Chávez", 0.9),
    Place("Chorrillos", "Raúl Mendoza", 0.75),
)

_EVEN = (0.92, 0.9, 0.92, 0.96, 1.06, 1.2, 1.04)
_WEEKEND = (0.84, 0.82, 0.86, 0.94, 1.16, 1.32, 1.06)
_DAILY = (0.98, 0.96, 0.97, 0.98, 1.02, 1.1, 0.99)

RANGES: dict[str, Range] = {
    "lacteos": Range("Frescos/Lácteos", "lacteos-del-sur", 1, (1, 2, 3, 4, 5, 6), 6, 21, _DAILY, 0.04),
    "panaderia": Range("Frescos/Panadería", "molinos-unidos", 1, (1, 2, 3, 4, 5, 6), 6, 6, _DAILY, 0.06),
    "bebidas": Range("Bebidas/Gaseosas y jugos", "bebidas-del-pacifico", 2, (1, 3, 5), 12, 270, _WEEKEND, 0.0),
    "abarrotes": Range("Abarrotes/Despensa", "distribuidora-rimac", 3, (2, 5), 12, 540, _EVEN, 0.0),
    "limpieza": Range("Hogar/Limpieza", "quimica-lurin", 3, (1, 4), 12, 720, _EVEN, 0.0),
    "snacks": Range("Abarrotes/Snacks y dulces", "golosinas-lima", 2, (2, 4, 6), 12, 180, _WEEKEND, 0.0),
}

ITEMS: tuple[Item, ...] = (
    Item("lacteos", "Leche fresca entera", "Altiplano", 1.0, "l", 5.2),
    Item("bebidas", "Gaseosa de hierba luisa", "Sol de Oro", 1.5, "l", 6.5),
    Item("abarrotes", "Arroz extra", "Valle Jequetepeque", 5.0, "kg", 21.9),
    Item("panaderia", "Pan de molde blanco", "La Tahona", 500.0, "g", 7.4),
    Item("limpieza", "Detergente en polvo", "Brisol", 2.0, "kg", 18.9),
    Item("snacks", "Papas fritas clásicas", "Crujimar", 180.0, "g", 7.9),
    Item("lacteos", "Yogur de fresa", "Altiplano", 1.0, "kg", 8.3),
    Item("bebidas", "Agua sin gas", "Manantial", 2.5, "l", 3.6),
    Item("abarrotes", "Azúcar rubia", "Caña Brava", 1.0, "kg", 4.3),
    Item("limpieza", "Lejía tradicional", "Brisol", 1.0, "l", 4.9),
    Item("snacks", "Galletas de vainilla", "Dulcinea", 240.0, "g", 4.6),
    Item("lacteos", "Mantequilla con sal", "Puna Dorada", 200.0, "g", 9.4),
    Item("bebidas", "Néctar de durazno", "Huerta Real", 1.0, "l", 5.4),
    Item("abarrotes", "Aceite vegetal", "Girasol Andino", 900.0, "ml", 10.9),
    Item("panaderia", "Pan integral", "La Tahona", 600.0, "g", 9.9),
    Item("limpieza", "Papel higiénico doble hoja", "Nube", 12.0, "un", 16.9),
    Item("snacks", "Chocolate con leche", "Cacao Norte", 90.0, "g", 6.2),
    Item("lacteos", "Queso fresco", "Puna Dorada", 450.0, "g", 14.5),
    Item("bebidas", "Cerveza rubia", "Costa Brava", 6.0, "un", 29.9),
    Item("abarrotes", "Fideos tallarín", "Don Lucho", 1.0, "kg", 5.1),
    Item("limpieza", "Lavavajilla en crema", "Brisol", 900.0, "g", 8.8),
    Item("snacks", "Maní salado", "Crujimar", 200.0, "g", 6.8),
    Item("lacteos", "Leche evaporada", "Altiplano", 400.0, "g", 4.2),
    Item("bebidas", "Gaseosa cola", "Sol de Oro", 3.0, "l", 9.8),
    Item("abarrotes", "Atún en aceite", "Bahía Azul", 170.0, "g", 6.4),
    Item("panaderia", "Tostadas clásicas", "La Tahona", 160.0, "g", 5.6),
    Item("limpieza", "Suavizante floral", "Nube", 1.0, "l", 11.5),
    Item("snacks", "Chifles salados", "Piurita", 150.0, "g", 5.5),
    Item("lacteos", "Yogur griego natural", "Puna Dorada", 500.0, "g", 11.9),
    Item("bebidas", "Bebida rehidratante", "Cumbre", 750.0, "ml", 4.4),
    Item("abarrotes", "Lenteja", "Valle Jequetepeque", 500.0, "g", 6.1),
    Item("panaderia", "Panetón clásico", "Dulcinea", 900.0, "g", 24.9),
    Item("limpieza", "Jabón de tocador", "Brisol", 3.0, "un", 9.2),
    Item("snacks", "Caramelos de limón", "Dulcinea", 360.0, "g", 5.9),
    Item("lacteos", "Queso edam en tajadas", "Puna Dorada", 180.0, "g", 12.8),
    Item("bebidas", "Café instantáneo", "Selva Alta", 200.0, "g", 23.5),
    Item("abarrotes", "Avena en hojuelas", "Don Lucho", 900.0, "g", 9.7),
    Item("abarrotes", "Quinua blanca", "Girasol Andino", 500.0, "g", 12.4),
    Item("limpieza", "Limpiatodo de pino", "Brisol", 1.8, "l", 10.4),
    Item("snacks", "Barra de cereal", "Cumbre", 6.0, "un", 8.6),
)

RIVALS: tuple[str, ...] = ("mercasol", "plaza-andina", "bodega-uno", "supernorte")
